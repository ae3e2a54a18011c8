import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Subject } from './subject.ts'

/** A text of the shipped source, and what stands there instead. */
export interface Patch {
  readonly file: string
  readonly text: string
  readonly replacement: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * A copy of the shipped source with patches in it, inside this project, so that it finds its
 * dependencies.
 *
 * @throws {Error} For a text that does not stand in its file once.
 */
export async function patched(name: string, patches: readonly Patch[]): Promise<Subject> {
  const copy = `${ROOT}.build/properties/${name}-${process.pid}/`
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  for (const folder of ['src', 'machines']) {
    cpSync(`${ROOT}${folder}`, `${copy}${folder}`, { recursive: true })
  }
  for (const { file, text, replacement } of patches) {
    const before = readFileSync(`${copy}${file}`, 'utf8')
    if (before.split(text).length !== 2) throw new Error(`${file} does not hold once: ${text}`)
    writeFileSync(
      `${copy}${file}`,
      before.replace(text, () => replacement),
    )
  }
  try {
    const load = async <M>(file: string): Promise<M> =>
      (await import(/* @vite-ignore */ pathToFileURL(`${copy}src/${file}`).href)) as M
    // What is loaded lazily must be there before the copy is gone.
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
