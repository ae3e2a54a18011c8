import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { repository } from '../tidy/repository.ts'
import { blocksOf } from './blocks.ts'

const FOLDER = fileURLToPath(new URL('../../.build/guides/', import.meta.url))

/**
 * Runs the first block of a guide as it stands there, and answers what it exports.
 *
 * @param path Of the guide, from the root: `docs/guides/hono.md`.
 */
export async function firstBlockOf<M>(path: string): Promise<M> {
  const [block] = blocksOf(path, repository().read(path))
  mkdirSync(FOLDER, { recursive: true })
  const file = `${FOLDER}${path.replaceAll(/\W/g, '-')}.ts`
  writeFileSync(file, block!.code)
  return (await import(file)) as M
}
