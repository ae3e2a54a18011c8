import { randomUUID } from 'node:crypto'
import { relative, resolve, sep } from 'node:path'
import {
  INVARIANTS,
  tryProvider,
  type FuzzOptions,
  type FuzzResult,
} from '../../testing/fuzz-provider.ts'
import { quoted, readPath } from '../../testing/fuzz/report.ts'
import {
  helpOf,
  oneOf,
  readArgs,
  text,
  UsageError,
  wholeNumber,
  type Option,
  type Values,
} from '../args.ts'
import { orUsageError, type Terminal } from '../command.ts'
import { loadDescription, loadProvider, type Loaded } from './load.ts'
import { plain } from '../../testing/fuzz/story.ts'

/** How often the command prints its progress, milliseconds. */
const PROGRESS_MS = 2_000

const OPTIONS = {
  server: text(
    '<name>',
    'the server, if the file exports none: logto, oidc-provider, spotify, …, or a described.json ' +
      'of refresh-once probe',
  ),
  runs: wholeNumber({ min: 1 }, 1_000, 'how many worlds are drawn. Default: 1000'),
  time: duration('begins no further world after this time: 500ms, 60s, 5m'),
  seed: wholeNumber({ min: 0 }, undefined, 'draws the same worlds again'),
  path: runPath('begins with this run: the path that a failure prints, such as 42:0:3:1'),
  replay: formerly('--path'),
  reporter: oneOf(
    ['text', 'json', 'junit', 'github'],
    'text',
    'text, json, junit or github (annotations of a pull request). Default: text',
  ),
} as const

export interface FuzzCommand extends Values<typeof OPTIONS> {
  /** The file of the provider, as the user wrote it. */
  readonly file: string
}

const { replay: _, ...SHOWN } = OPTIONS

export const USAGE = helpOf(
  `usage: refresh-once fuzz <file> [options]

Tests a provider against a described server, in worlds with crashes and lost answers. The file
exports it as \`provider\`, and may also export \`server\`, \`client\` and \`fetch\`.`,
  SHOWN,
  'exit codes: 0 nothing was found, 1 an invariant does not hold, 2 the command line or the file ' +
    'cannot\nbe used',
)

/** Tests the provider of a file. */
export function fuzz(args: readonly string[], terminal: Terminal): Promise<number> {
  return orUsageError('fuzz', terminal, async () => {
    const asked = fuzzOptionsOf(args)
    try {
      return await tried(asked, await loadProvider(asked.file, process.cwd()), terminal)
    } catch (error) {
      // A `TypeError` says what is wrong with the options: a preset, a client, a missing peer.
      if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
      throw error
    }
  })
}

/** @throws {UsageError} */
export function fuzzOptionsOf(args: readonly string[]): FuzzCommand {
  const { values, files } = readArgs(args, OPTIONS)
  const [file, ...others] = files
  if (file === undefined || others.length > 0) {
    throw new UsageError('name one file: refresh-once fuzz ./my-provider.ts --server logto')
  }
  return { ...values, file }
}

async function tried(asked: FuzzCommand, loaded: Loaded, terminal: Terminal): Promise<number> {
  const { provider, ...beside } = loaded
  const { file, reporter, runs, time: timeMs, seed, path } = asked
  const server = await serverOf(asked, loaded)
  const result = await tryProvider(provider, {
    ...beside,
    server,
    runs,
    ...(timeMs !== undefined && { timeMs }),
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
    onRun: progress(terminal, runs),
    command: (found) =>
      `npx refresh-once fuzz ${quoted(file)}` +
      `${asked.server === undefined ? '' : ` --server ${quoted(asked.server)}`} --path ${found}`,
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

/** Prints progress to the error output. Standard output is for the report. */
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

function duration(help: string): Option<number | undefined> {
  return {
    value: '<60s>',
    help,
    read(given, name) {
      if (given === undefined) return undefined
      const [, count = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(given) ?? []
      const unitMs = UNITS.get(unit)
      if (unitMs !== undefined) return Number(count) * unitMs
      throw new UsageError(`${name} is like 60s, 500ms or 5m, not '${given}'`)
    },
  }
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
])

function runPath(help: string): Option<string | undefined> {
  return {
    value: '<path>',
    help,
    read(given, name) {
      try {
        if (given !== undefined) readPath(given)
        return given
      } catch (error) {
        throw new UsageError(`${name} ${(error as Error).message}`, { cause: error })
      }
    },
  }
}

/** An option of former versions. */
function formerly(now: string): Option<undefined> {
  return {
    value: '<path>',
    help: '',
    read(given, name) {
      if (given !== undefined) throw new UsageError(`${name} is now called ${now}`)
    },
  }
}

type ReporterName = 'text' | 'json' | 'junit' | 'github'

/** What was tested, and the result. */
export interface FuzzReport {
  readonly provider: string
  readonly server: string
  /** The file of the provider, as the user wrote it. */
  readonly file: string
  /** Whether the time was over before all runs were made. */
  readonly isCut: boolean
  readonly result: FuzzResult
}

/** Write a report, with a new line at its end. */
export const REPORTERS: Readonly<Record<ReporterName, (report: FuzzReport) => string>> = {
  text: asText,
  json: ({ result, ...about }) => `${JSON.stringify({ ...about, ...result }, undefined, 2)}\n`,
  junit: asJunit,
  github: (report) => `${annotation(report)}${withoutCommands(asText(report))}`,
}

function asText({ provider, server, isCut, result }: FuzzReport): string {
  const { runs, seed, runsPerSecond, counterexample } = result
  const many = `${runs} runs, ${runsPerSecond} runs/s, seed ${seed}`
  if (counterexample !== undefined) return `${counterexample.text}\n\n${many}\n`
  const cut = isCut ? 'The time was over before all runs were made.\n' : ''
  return `${plain(provider)} against ${plain(server)}: nothing was found in ${many}\n${cut}`
}

/** @see https://github.com/testmoapp/junitxml */
function asJunit({ provider, server, file, result }: FuzzReport): string {
  const { counterexample, durationMs } = result
  const name = `${provider} against ${server}`
  const seconds = (durationMs / 1_000).toFixed(3)
  const failure =
    counterexample === undefined
      ? ''
      : `<failure type="${xml(counterexample.invariant)}" message="${xml(counterexample.what)}">` +
        `${xml(counterexample.text)}</failure>`
  const failures = counterexample === undefined ? 0 : 1
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<testsuite name="refresh-once fuzz" tests="1" failures="${failures}" time="${seconds}">` +
    `<testcase name="${xml(name)}" classname="${xml(file)}" time="${seconds}">${failure}` +
    `</testcase></testsuite>\n`
  )
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // XML 1.0 §2.11, §3.3.3: a reader makes spaces and line feeds of them.
  '\t': '&#9;',
  '\r': '&#13;',
}

/** XML 1.0 §2.2: most control characters cannot be written at all, and others should not. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\u007E\u00A0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"'\t\r]/g, (character) => ENTITIES[character]!)
}

/** @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation({ file, result: { counterexample } }: FuzzReport): string {
  if (counterexample === undefined) return ''
  const { invariant, what, command } = counterexample
  const title = property(`${invariant}: ${INVARIANTS[invariant]}`)
  const path = property(inWorkspace(file))
  return `::error file=${path},title=${title}::${data(`${what}\n${command}`)}\n`
}

/** GitHub knows a file by its path from the root of the checkout. */
function inWorkspace(file: string): string {
  const root = process.env['GITHUB_WORKSPACE'] ?? process.cwd()
  return relative(root, resolve(file)).replaceAll(sep, '/')
}

/** Keeps GitHub from reading a command in a text of a provider or a server. */
function withoutCommands(text: string): string {
  const token = randomUUID()
  return `::stop-commands::${token}\n${text}::${token}::\n`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
