import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Misused } from '../misused.ts'
import type { Fixture } from './fixtures.ts'

/** The folder of the recorded answers that belong to a provider's file. */
function fixturesFolder(path: string): string {
  return path.replace(/\.ts$/, '.fixtures')
}

/** @throws {Misused} When something is there already: nothing is overwritten. */
export async function checkFree(path: string): Promise<void> {
  for (const each of new Set([path, fixturesFolder(path)])) {
    const found = await stat(resolve(each)).catch(() => undefined)
    if (found !== undefined) throw new Misused(`${each} is there already`)
  }
}

/** Writes a text, and the recorded answers beside it. Says whether that went well. */
export async function writeAll(
  path: string,
  text: string,
  fixtures: ReadonlyMap<string, Fixture>,
): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    if (fixtures.size === 0) return true
    await mkdir(fixturesFolder(path))
    for (const [name, fixture] of fixtures) {
      const json = `${JSON.stringify(fixture, undefined, 2)}\n`
      await writeFile(join(fixturesFolder(path), name), json, { flag: 'wx' })
    }
    return true
  } catch {
    return false
  }
}
