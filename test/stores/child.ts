import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { node24 } from '../servers/node24.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a file of this repository in a process of its own, to its end: in Node 24, which takes
 * TypeScript as it is, and has `node:sqlite`.
 */
export async function runTypeScript(
  file: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<End> {
  return run(await node24(), ['--no-warnings', ...nodeArgs, file, ...args])
}

/** Runs a command in the root of this repository, to its end. */
async function run(command: string, args: readonly string[]): Promise<End> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
  ])
  return { code, signal, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** The same, as the last command of a shell script, which may set limits: `exec "$0" "$@"`. */
export async function runTypeScriptIn(script: string, args: readonly string[]): Promise<End> {
  return run('sh', ['-c', script, await node24(), '--no-warnings', ...args])
}
