import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Subject } from '../properties/subject.ts'
import type { Change, Mutant } from './mutant.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SHIPPED = ['src', 'machines']
const PROJECT = [
  ...SHIPPED,
  'providers',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]

/** The folder of the copies: inside the project, so that they find its dependencies. */
const GARDEN = `${ROOT}.build/mutants/`

/** @throws {Error} For a text that does not occur exactly once in its file. */
export function changed(source: string, { file, text, replacement }: Change): string {
  const times = source.split(text).length - 1
  if (times !== 1) throw new Error(`${file} holds this ${times} times, not once: ${text}`)
  return source.replace(text, () => replacement)
}

/**
 * Plants a mutant in a copy of the project, with its tests.
 *
 * @returns The folder of the copy, for the caller to remove.
 */
export function plant(mutant: Mutant): string {
  return copyWith(mutant, PROJECT)
}

/** Loads a mutant of the shipped source into this process. */
export async function loadMutant(mutant: Mutant): Promise<Subject> {
  const copy = copyWith(mutant, SHIPPED)
  const load = async <M>(file: string): Promise<M> =>
    (await import(/* @vite-ignore */ pathToFileURL(`${copy}src/${file}`).href)) as M
  try {
    // The engine is loaded lazily: it must be there before the copy is gone.
    const { loadEngine } = await load<{ loadEngine(): Promise<unknown> }>('runtime/refresher.ts')
    await loadEngine()
    return {
      ...(await load<Pick<Subject, 'createRefresher' | 'defineProvider'>>('index.ts')),
      ...(await load<Pick<Subject, 'createSealer'>>('ledger/sealer.ts')),
      ...(await load<Pick<Subject, 'memoryStore'>>('stores/memory.ts')),
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

let copies = 0

function copyWith(
  { name, file, text, replacement, also = [] }: Mutant,
  paths: readonly string[],
): string {
  const copy = `${GARDEN}${name.replaceAll(/\W+/g, '-')}-${process.pid}-${(copies += 1)}/`
  const texts = new Map<string, string>()
  for (const change of [{ file, text, replacement }, ...also]) {
    const before = texts.get(change.file) ?? readFileSync(`${ROOT}${change.file}`, 'utf8')
    texts.set(change.file, changed(before, change))
  }
  mkdirSync(copy, { recursive: true })
  for (const path of paths) cpSync(`${ROOT}${path}`, `${copy}${path}`, { recursive: true })
  for (const [path, source] of texts) writeFileSync(`${copy}${path}`, source)
  return copy
}
