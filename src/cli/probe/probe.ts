import { sleep } from '../../core/clock.ts'
import { defineProvider } from '../../core/define-provider.ts'
import { systemRandom } from '../../core/random.ts'
import { toBase64url } from '../../core/text.ts'
import type { TokenSet } from '../../core/token-set.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { runtimeFetch } from '../../transport/unsent.ts'
import { UsageError, type USAGE_EXIT } from '../args.ts'
import { orUsageError, type Environment, type Terminal } from '../command.ts'
import { checkDiscovery } from '../doctor/server.ts'
import { fixturesOf, providerOf, serverOf } from './described.ts'
import {
  checkFree,
  newFile,
  providerFile,
  tokenText,
  tokensIn,
  writeAll,
  type SuccessorFile,
} from './files.ts'
import { measureReuse, measureValidation } from './reuse.ts'
import {
  differences,
  measureRotation,
  type Measured,
  type Measurements,
  type Probing,
  type RecordedKind,
} from './rotation.ts'
import { grantsOf, type ProbeGrants } from './chain.ts'
import { Halted, presenting, waysToAsk, type Exchange } from './presenting.ts'
import { probeOptionsOf, probeTargetOf, type ProbeOptions, type ProbeTarget } from './target.ts'

const EXIT = {
  /** It was measured, as far as the grants went. */
  measured: 0,
  /** The server could not be measured, or not to the end. */
  halted: 1,
  /** It was measured, and then `--save` or `--write` failed. */
  unwritten: 3,
} as const

type ProbeExit = (typeof EXIT)[keyof typeof EXIT] | typeof USAGE_EXIT

/** What the user must type. */
const CONFIRMATION = 'end them'

/**
 * Measures an authorization server with grants, which it ends.
 *
 * @param wait Lets time pass. Default: by the terminal's clock.
 */
export function probe(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
  wait = (ms: number): Promise<void> => sleep(terminal.clock, ms),
): Promise<ProbeExit> {
  return orUsageError('probe', terminal, async () => {
    const options = probeOptionsOf(args)
    const target = await probeTargetOf(options, environment)
    const sets = setsIn(await tokenText(options.tokens, environment))
    await confirmed(options, sets.length, terminal, environment)
    if (options.write !== undefined) await checkFree(options.write)
    const file = options.save === undefined ? undefined : await newFile(options.save)
    const report = await probed({ options, target, sets, file, terminal, wait })
    print(report, options.json, terminal)
    return exitCodeOf(report)
  })
}

/** Reads a refresh token or a token set from each line; or one token set over several lines. */
function setsIn(text: string): readonly TokenSet[] {
  const isOne = /^\s*\{[^}]*\n[^]*\}\s*$/.test(text)
  const lines = isOne ? [text] : text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) throw new UsageError('the text holds no refresh token')
  const sets = lines.map(tokensIn)
  return [...new Map(sets.map((each) => [each.refreshToken, each])).values()]
}

/** Asks the user, or with `--yes` prints the warning. */
async function confirmed(
  { yes }: ProbeOptions,
  count: number,
  terminal: Terminal,
  { ask }: Environment,
): Promise<void> {
  const warning =
    `This presents spent refresh tokens again, and ends the grants that it is given: ${count}.\n` +
    'Applications that use them are signed out. Some servers tell the user, or the operator. It\n' +
    'may take some minutes.'
  if (yes) return terminal.error(`${warning}\n`)
  const answer = await ask(`${warning} Type "${CONFIRMATION}" to go on: `)
  if (answer !== CONFIRMATION) throw new UsageError('not confirmed; nothing was sent')
}

interface ProbeRun {
  readonly options: ProbeOptions
  readonly target: ProbeTarget
  readonly sets: readonly TokenSet[]
  readonly file: SuccessorFile | undefined
  readonly terminal: Terminal
  readonly wait: (ms: number) => Promise<void>
}

async function probed(run: ProbeRun): Promise<Report> {
  const { options, target, sets, file, terminal, wait } = run
  const { clock } = terminal
  const { timeoutMs } = options
  const windowMaxMs = options.windowMax * 1_000
  let presentations = 0
  const onPresentation = (): void => void (presentations += 1)
  const present = presenting({ ...target, clock, timeoutMs, onPresentation })
  const grants = grantsOf(sets, present)
  const looking = { clock, timeoutMs, sender: { fetch: runtimeFetch, clock, closing: true } }
  const { metadata } = await checkDiscovery(target.provider, looking)
  const ways = await waysToAsk(options.api, metadata, target, looking)
  const waiting = (ms: number): Promise<void> => (ms > 0 ? wait(ms) : Promise.resolve())
  const result = await measure({ grants, present, ways, clock, windowMaxMs, wait: waiting })
  const saved = await save(grants, file, options)
  const { chains } = grants
  const counts = { presentations, grants: chains.length }
  const server = serverOf(result, target.provider.id, target.server)
  const today = new Date(clock.now()).toISOString().slice(0, 10)
  const written = await write({ options, target, result, server, today, ...counts })
  const dead = chains.filter(({ isDead }) => isDead).length
  const { found, halted } = result
  const differs = target.facts && differences(target.facts, { found, server, windowMaxMs })
  return { found, server, differs, halted, ...counts, dead, saved, ...written }
}

/**
 * Measures every axis, beginning with what ends no grant. If a grant ends before an axis is
 * measured, the next grant is used.
 */
async function measure(circumstances: Omit<Probing, 'record' | 'tell'>): Promise<Measurements> {
  const recorded: Partial<Record<RecordedKind, Exchange>> = {}
  const record = (kind: RecordedKind, exchange: Exchange): void =>
    void (recorded[kind] ??= exchange)
  const found: Measured[] = []
  const tell = (...more: readonly Measured[]): void => void found.push(...more)
  const probing: Probing = { ...circumstances, record, tell }
  const ended = (halted?: string): Measurements => ({ found, recorded, halted })
  try {
    await introduce(probing)
    const { rotation, isAlive } = await measureRotation(probing)
    if (rotation === undefined) return ended('no refresh token that was given is alive')
    const reuse = await measureReuse(probing, isAlive)
    tell(await measureValidation(probing, rotation, reuse))
    return ended()
  } catch (error) {
    if (!(error instanceof Halted)) throw error
    return ended(error.message)
  }
}

/**
 * Presents a made-up token: first as the client, then as an unknown client. If the server does not
 * know the client, it gets no real token.
 */
async function introduce({ present, record }: Probing): Promise<void> {
  const madeUp = `refresh-once-probe-made-this-up-${toBase64url(systemRandom.bytes(24))}`
  const known = await present(madeUp)
  if (known.presentation.outcome === 'granted') {
    throw new Halted('the server gave tokens for a refresh token that was made up')
  }
  record('rejected-unknown', known)
  const unknown = await present(madeUp, 'as_nobody')
  if (!isAlike(known, unknown)) return record('refused-client', unknown)
  if (known.presentation.outcome === 'refused') throw new Halted('the server refuses the client')
}

/** Whether two refusals have the same status and error. */
function isAlike(one: Exchange, other: Exchange): boolean {
  const look = ({ answer: { status }, presentation }: Exchange): string =>
    `${status} ${'oauthError' in presentation ? presentation.oauthError : ''}`
  return look(one) === look(other)
}

/** Writes the newest token sets to the disk, before the report is printed. */
async function save(
  { chains }: ProbeGrants,
  file: SuccessorFile | undefined,
  { save: path }: ProbeOptions,
): Promise<Written | undefined> {
  if (file === undefined || path === undefined) return undefined
  const living = chains.filter(({ isDead }) => !isDead)
  const lines = living.map(({ tokens }) => `${JSON.stringify(tokens)}\n`)
  if (lines.length > 0) return { path, isWritten: await file.write(lines.join('')) }
  await file.remove()
  return undefined
}

interface Writing extends Pick<ProbeRun, 'options' | 'target'>, Pick<Report, 'server'> {
  readonly result: Measurements
  readonly today: string
  readonly grants: number
  readonly presentations: number
}

async function write(writing: Writing): Promise<Pick<Report, 'fixtures' | 'written'>> {
  const { options, target, result, server, today, ...counts } = writing
  const { write: path } = options
  const isWorthIt = result.found.some(({ value }) => value !== undefined)
  if (path === undefined || !isWorthIt) return { fixtures: 0, written: undefined }
  if (path.endsWith('.json')) {
    const isWritten = await writeAll(path, `${JSON.stringify(server, undefined, 2)}\n`, new Map())
    return { fixtures: 0, written: { path, isWritten } }
  }
  const { origin } = target
  const described = 'path' in origin ? undefined : providerOf(origin, server, today)
  const provider = described === undefined ? target.provider : defineProvider(described)
  const fixtures = fixturesOf(result.recorded, provider, today)
  const { found } = result
  const file = { path, origin, provider: described ?? {}, server, found, today, ...counts }
  const isWritten = await writeAll(path, providerFile(file), fixtures)
  return { fixtures: fixtures.size, written: { path, isWritten } }
}

export interface Report {
  readonly found: readonly Measured[]
  readonly server: ServerDescription
  /** Where the facts of a shipped provider say another thing. */
  readonly differs: readonly string[] | undefined
  readonly halted: string | undefined
  readonly presentations: number
  /** Grants that were used, and those of them that are dead now. */
  readonly grants: number
  readonly dead: number
  readonly fixtures: number
  /** The files that the user asked for, and whether they were written. */
  readonly saved: Written | undefined
  readonly written: Written | undefined
}

interface Written {
  readonly path: string
  readonly isWritten: boolean
}

function exitCodeOf({ halted, saved, written }: Report): ProbeExit {
  if ([saved, written].some((each) => each?.isWritten === false)) return EXIT.unwritten
  return halted === undefined ? EXIT.measured : EXIT.halted
}

/** Prints what was measured, for people or for programs. No token is in it. */
function print(report: Report, isJson: boolean, { out }: Terminal): void {
  const exitCode = exitCodeOf(report)
  if (isJson) return out(`${JSON.stringify({ exitCode, ...report }, undefined, 2)}\n`)
  out(`${lines(report).join('\n')}\n`)
}

function lines(report: Report): readonly string[] {
  const { found, server, differs, halted, presentations, grants, dead, saved, written } = report
  const rows = found.map(({ axis, value, says }) => [axis, shown(value), says] as const)
  const width = Math.max(0, ...rows.map(([, value]) => value.length))
  const { dead: error, client, target, ...wire } = server.wire ?? {}
  const errors = Object.entries({ dead: error, client, target }).filter(([, each]) => each)
  return [
    ...(halted === undefined ? [] : [`stopped: ${halted}`, '']),
    ...rows.map(([axis, value, says]) => `${axis.padEnd(15)} ${value.padEnd(width)}  ${says}`),
    '',
    `writes          ${shown(wire)}`,
    ...errors.map(([name, answer]) => `error ${name.padEnd(9)} ${shown(answer)}`),
    ...(differs === undefined
      ? []
      : ['', ...(differs.length === 0 ? ['It is as its facts say.'] : differs)]),
    '',
    `presentations: ${presentations}; grants: ${grants}, of which dead now: ${dead}`,
    ...[saved, written].flatMap((each) => (each === undefined ? [] : [fileLine(each)])),
    ...(written?.isWritten && written.path.endsWith('.ts')
      ? [`try it: npx refresh-once fuzz ${written.path}`]
      : []),
  ]
}

function fileLine({ path, isWritten }: Written): string {
  return isWritten ? `written: ${path}` : `could not be written: ${path}`
}

function shown(value: unknown): string {
  if (value === undefined) return '?'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
