import { readFile } from 'node:fs/promises'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { isRecord } from '../../core/decode-body.ts'
import { Misused } from '../misused.ts'

/** A server's description from a file, as `refresh-once probe --write described.json` makes one. */
export async function loadDescription(file: string): Promise<ServerDescription> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Misused(`there is no file ${file}`)
  })
  const description = parsed(text)
  if (isDescription(description)) return description
  throw new Misused(`${file} describes no server: it is JSON with a name, see docs/fuzzing.md`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isDescription(value: unknown): value is ServerDescription {
  return isRecord(value) && typeof value['name'] === 'string'
}
