import { sleep } from '../../core/clock.ts'
import { defineProvider } from '../../core/define-provider.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { runtimeFetch } from '../../transport/send.ts'
import type { Surroundings, Terminal } from '../command.ts'
import { checkDiscovery } from '../doctor/server.ts'
import { Misused } from '../command.ts'
import { newFile, type SuccessorFile } from '../successor-file.ts'
import { presentable, tokensIn } from '../token-input.ts'
import { grantsOf, presenting, type Grants, waysToAsk } from './presenting.ts'
import { fixturesOf, providerOf, serverOf } from './described.ts'
import { measure, type Result } from './measure.ts'
import { optionsOf, targetOf, type ProbeOptions, type Target } from './target.ts'
import {
  EXIT,
  checkFree,
  exitCodeOf,
  print,
  providerFile,
  type ExitCode,
  type Report,
  type Written,
  writeAll,
} from './written.ts'

/** What one must type. */
const CONFIRMATION = 'end them'

/**
 * Measures an authorization server with grants that it ends.
 *
 * @param wait Lets time pass. Default: by the terminal's clock.
 * @returns One of {@link EXIT}.
 */
export async function probe(
  arguments_: readonly string[],
  terminal: Terminal,
  around: Surroundings,
  wait = (ms: number): Promise<void> => sleep(terminal.clock, ms),
): Promise<ExitCode> {
  try {
    const options = optionsOf(arguments_)
    const target = await targetOf(options, around)
    const sets = setsIn(await presentable(options.tokens, around))
    await confirmed(options, sets.length, terminal, around)
    if (options.write !== undefined) await checkFree(options.write)
    const file = options.save === undefined ? undefined : await newFile(options.save)
    const report = await probed({ options, target, sets, file, terminal, wait })
    print(report, options.isJson, terminal)
    return exitCodeOf(report)
  } catch (error) {
    // A `TypeError` says what refresh-once would refuse of the configuration.
    if (!(error instanceof Misused) && !(error instanceof TypeError)) throw error
    terminal.error(`refresh-once probe: ${error.message}\n(--help shows how to call it)\n`)
    return EXIT.misused
  }
}

/** A refresh token, or a set, a line each; or one set over several lines. */
function setsIn(text: string): readonly TokenSet[] {
  const isOne = /^\s*\{[^}]*\n[^]*\}\s*$/.test(text)
  const lines = isOne ? [text] : text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) throw new Misused('there is no refresh token in what was given')
  const sets = lines.map(tokensIn)
  return [...new Map(sets.map((each) => [each.refreshToken, each])).values()]
}

/** Whoever is not asked is told. */
async function confirmed(
  { isConfirmed }: ProbeOptions,
  count: number,
  terminal: Terminal,
  { ask }: Surroundings,
): Promise<void> {
  const warning =
    `This presents spent refresh tokens again, and ends the grants that it is given: ${count}.\n` +
    'Whoever uses them elsewhere is signed out; some servers tell the user, or the operator. It\n' +
    'may take some minutes.'
  if (isConfirmed) return terminal.error(`${warning}\n`)
  const answer = await ask(`${warning} Type "${CONFIRMATION}" to go on: `)
  if (answer !== CONFIRMATION) throw new Misused('not confirmed; nothing was sent')
}

interface Circumstances {
  readonly options: ProbeOptions
  readonly target: Target
  readonly sets: readonly TokenSet[]
  readonly file: SuccessorFile | undefined
  readonly terminal: Terminal
  readonly wait: (ms: number) => Promise<void>
}

async function probed(circumstances: Circumstances): Promise<Report> {
  const { options, target, sets, file, terminal, wait } = circumstances
  const { clock } = terminal
  const { timeoutMs, windowMaxMs } = options
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
  return { found, server, halted, ...counts, dead, saved, ...written }
}

/** The newest sets are on the disk before the report is printed. */
async function save(
  { chains }: Grants,
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

interface Writing extends Pick<Circumstances, 'options' | 'target'>, Pick<Report, 'server'> {
  readonly result: Result
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
