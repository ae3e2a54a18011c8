import { readFile } from 'node:fs/promises'
import { checkDescription } from '../../testing/authorization-server/description.ts'
import type { ServerDescription } from '../../testing/authorization-server/description.ts'
import { Misused } from '../misused.ts'

/** A server's description from a file, as `refresh-once probe --write described.json` makes one. */
export async function loadDescription(file: string): Promise<ServerDescription> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Misused(`there is no file ${file}`)
  })
  return checkDescription(parsed(text), file)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
