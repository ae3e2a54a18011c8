import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Change, Mutant } from './mutant.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COPIED = [
  'src',
  'machines',
  'providers',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]

/** Where copies grow: inside the project, so that they find its dependencies. */
const GARDEN = `${ROOT}.build/mutants/`

/**
 * A copy of the project with the changes in it.
 *
 * @returns Its folder.
 * @throws {Error} For a text that does not stand in its file once.
 */
export function plant({ name, file, text, replacement, also = [] }: Mutant): string {
  const copy = `${GARDEN}${name.replaceAll(/\W+/g, '-')}-${process.pid}/`
  const changes = [{ file, text, replacement }, ...also]
  for (const change of changes) changed(readFileSync(`${ROOT}${change.file}`, 'utf8'), change)
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const each of COPIED) cpSync(`${ROOT}${each}`, `${copy}${each}`, { recursive: true })
  for (const change of changes) {
    const path = `${copy}${change.file}`
    writeFileSync(path, changed(readFileSync(path, 'utf8'), change))
  }
  return copy
}

/** @throws {Error} For a text that does not stand there once. */
export function changed(source: string, { file, text, replacement }: Change): string {
  const times = source.split(text).length - 1
  if (times !== 1) throw new Error(`${file} holds this ${times} times, not once: ${text}`)
  return source.replace(text, () => replacement)
}
