import { quoted } from '../../testing/fuzz/report.ts'
import { tryProvider } from '../../testing/fuzz-provider.ts'
import type { FuzzOptions } from '../../testing/fuzz-provider.ts'
import type { Terminal } from '../command.ts'
import { loadDescription, loadProvider } from './load.ts'
import type { Loaded } from './load.ts'
import { UsageError } from '../args.ts'
import { REPORTERS } from './reporters.ts'
import { parseArgs } from 'node:util'
import { readReplay } from '../../testing/fuzz/report.ts'

/** How often progress is told, milliseconds. */
const PROGRESS_MS = 2_000

/**
 * Tries the provider of a file.
 *
 * @returns 0 if nothing was found, 1 if something does not hold, 2 if it cannot be tried.
 */
export async function fuzz(arguments_: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = optionsOf(arguments_)
    return await tried(asked, await loadProvider(asked.file, process.cwd()), terminal)
  } catch (error) {
    // A `TypeError` says what is wrong with the options: a preset, a client, a missing peer.
    if (!(error instanceof UsageError) && !(error instanceof TypeError)) throw error
    terminal.error(`refresh-once fuzz: ${error.message}\n`)
    return 2
  }
}

async function tried(asked: FuzzCommand, loaded: Loaded, terminal: Terminal): Promise<number> {
  const { provider, ...beside } = loaded
  const { file, reporter, runs, timeMs, seed, replay } = asked
  const server = await serverOf(asked, loaded)
  const result = await tryProvider(provider, {
    ...beside,
    server,
    runs,
    ...(timeMs !== undefined && { timeMs }),
    ...(seed !== undefined && { seed }),
    ...(replay !== undefined && { replay }),
    onRun: progress(terminal, runs),
    command: (found) =>
      `npx refresh-once fuzz ${quoted(file)}` +
      `${asked.server === undefined ? '' : ` --server ${quoted(asked.server)}`} --replay ${found}`,
  })
  const name = typeof server === 'string' ? server : server.name
  const isCut = result.runs < runs && result.durationMs >= (timeMs ?? Infinity)
  terminal.out(REPORTERS[reporter]({ provider: provider.id, server: name, file, isCut, result }))
  return result.counterexample === undefined ? 0 : 1
}

async function serverOf({ server }: FuzzCommand, loaded: Loaded): Promise<FuzzOptions['server']> {
  if (server?.endsWith('.json')) return loadDescription(server)
  if (server !== undefined) return server
  if (loaded.server !== undefined) return loaded.server
  throw new UsageError('which server? --server logto, or export const server = { … } in the file')
}

/** Goes to the error output: the other is for reports. */
function progress({ clock, error }: Terminal, wanted: number): (runs: number) => void {
  const startedAt = clock.monotonic()
  let toldAt = startedAt
  return (runs) => {
    const now = clock.monotonic()
    if (now - toldAt < PROGRESS_MS) return
    toldAt = now
    const perSecond = Math.round(runs / ((now - startedAt) / 1_000))
    error(`${runs} of ${wanted} runs, ${perSecond} runs/s\n`)
  }
}

const REPORTER_NAMES = ['text', 'json', 'junit', 'github'] as const

export type ReporterName = (typeof REPORTER_NAMES)[number]

/** What the command line asks for. */
export interface FuzzCommand {
  /** The file of the provider, as it was written. */
  readonly file: string
  /** A preset, or a file that ends in `.json`; `undefined`: what the file exports as `server`. */
  readonly server?: string
  readonly runs: number
  readonly timeMs?: number
  readonly seed?: number
  readonly replay?: string
  readonly reporter: ReporterName
}

export const USAGE = `usage: refresh-once fuzz <file> [options]

Tries a provider against a described server, in worlds of crashes and lost answers. The file exports
it as \`provider\`, and may export \`server\`, \`client\` and \`fetch\` beside.

  --server NAME      the server, if the file exports none: logto, oidc-provider, spotify, …, or a
                     described.json of refresh-once probe
  --runs N           how many worlds are drawn, 1000 if nothing is said
  --time 60s         begins no further world after so long: 500ms, 60s, 5m
  --seed N           draws the same worlds again
  --replay SEED:PATH begins with a counterexample
  --reporter NAME    text, json, junit or github (annotations of a pull request)

exit codes: 0 nothing was found, 1 something does not hold, 2 the command or the file cannot be used
`

/** @throws {UsageError} */
export function optionsOf(arguments_: readonly string[]): FuzzCommand {
  const { values, positionals } = parsed(arguments_)
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) {
    throw new UsageError('name one file: refresh-once fuzz ./my-provider.ts --server logto')
  }
  const { server, runs, time, seed, replay, reporter = 'text' } = values
  const named = REPORTER_NAMES.find((name) => name === reporter)
  if (named === undefined) throw new UsageError(`--reporter is one of ${REPORTER_NAMES.join(', ')}`)
  if (replay !== undefined) checkReplay(replay)
  return {
    file,
    reporter: named,
    runs: runs === undefined ? DEFAULT_RUNS : wholeNumber('--runs', runs, 1),
    ...(server !== undefined && { server }),
    ...(time !== undefined && { timeMs: durationMs(time) }),
    ...(seed !== undefined && { seed: wholeNumber('--seed', seed, 0) }),
    ...(replay !== undefined && { replay }),
  }
}

const DEFAULT_RUNS = 1_000

function parsed(arguments_: readonly string[]) {
  const text = { type: 'string' } as const
  const options = {
    server: text,
    runs: text,
    time: text,
    seed: text,
    replay: text,
    reporter: text,
  }
  try {
    return parseArgs({ args: [...arguments_], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function checkReplay(text: string): void {
  try {
    readReplay(text)
  } catch (error) {
    throw new UsageError(`--replay ${(error as Error).message}`, { cause: error })
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= Number.MAX_SAFE_INTEGER) return value
  throw new UsageError(`${name} is a whole number, ${min} or more, not '${text}'`)
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
])

function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(text) ?? []
  const unitMs = UNITS.get(unit)
  if (unitMs === undefined) throw new UsageError(`--time is like 60s, 500ms or 5m, not '${text}'`)
  return Number(count) * unitMs
}
