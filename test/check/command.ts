import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const path = [`${root}node_modules/.bin`, process.env['PATH']].join(delimiter)

/** A command to run from the root of the repository, under a name of ours. */
export interface Command {
  readonly name: string
  /** The program and its arguments, parted by single spaces. */
  readonly run: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Result {
  readonly name: string
  readonly passed: boolean
  readonly ms: number
  /** What it printed, both streams. */
  readonly output: string
}

/** Runs a command to its end. Never throws: a program that is not there has not passed. */
export function runCommand({ name, run, env }: Command): Promise<Result> {
  const startedAt = performance.now()
  const [program = '', ...options] = run.split(' ')
  return new Promise((resolve) => {
    const output: string[] = []
    const end = (passed: boolean): void => {
      const ms = performance.now() - startedAt
      resolve({ name, passed, ms, output: output.join('').trim() })
    }
    const child = spawn(program, options, {
      cwd: root,
      env: { ...process.env, PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
    child.once('error', (error) => output.push(error.message))
    child.once('close', (code) => end(code === 0))
  })
}

/** `12.3 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
