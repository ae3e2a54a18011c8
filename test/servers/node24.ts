import { existsSync } from 'node:fs'
import { onDemand } from './on-demand.ts'

/**
 * The path of a Node 24, which has SQLite built in. It is not among the devDependencies: every
 * script would find its `node` before the one that runs it.
 */
export async function node24(): Promise<string> {
  const binary = `${await onDemand('node24', ['node@24'])}node/bin/node`
  if (!existsSync(binary)) throw new Error('node@24 was installed, and brought no binary')
  return binary
}
