import {
  checkOptions,
  count,
  func,
  kind,
  ms,
  msAbove0,
  needed,
  number,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { isRecord } from '../core/text.ts'
import { systemClock } from '../core/clock.ts'
import type { Client, Provider } from '../core/provider.ts'
import { systemRandom } from '../core/random.ts'
import { checkDescription } from './authorization-server/description.ts'
import { wiredAs } from './authorization-server/provider-server.ts'
import type { ServerDescription } from './authorization-server/description.ts'
import { askedPath, commandOf, readPath, reportOf, writePath } from './fuzz/report.ts'
import type { Invariant } from './invariants.ts'
import { plain } from './fuzz/story.ts'
import type { StoryLine } from './fuzz/story.ts'
import { presetOf } from './presets.ts'
import type { PresetName } from './presets.ts'
import { MARK } from './fuzz/secrets.ts'

export type { Invariant, StoryLine }
export { INVARIANTS } from './invariants.ts'

/** Sends a request, as the `fetch` option of `createRefresher` does. */
export type FuzzFetch = (url: string, init: RequestInit) => Promise<Response>

export interface FuzzOptions {
  /**
   * The provider's server: a preset, a shipped provider by its id, or a description of yours. What
   * a description does not say of the wire is taken from the provider.
   */
  readonly server: PresetName | (string & {}) | ServerDescription
  /** Default: a public client, or one with a secret where the provider wants one. */
  readonly client?: Client
  /**
   * Wraps the `fetch` of a refresher, as your application does. Default: nothing. While it awaits
   * something real, such as a file or a timer, the world's clock stops.
   */
  readonly fetch?: (fetch: FuzzFetch) => FuzzFetch
  /** How many worlds are drawn, after those that are tried each time. Default 1,000. */
  readonly runs?: number
  /** After so long no further world is begun, milliseconds. Default: none is left out. */
  readonly timeMs?: number
  /** Rules what is drawn. Default: another each time; a failure prints it. */
  readonly seed?: number
  /** The run to begin with: the path that a failure prints, such as `42:0:3:1`. */
  readonly path?: string
  /** How long a presentation may take. Default 15,000, as for `createRefresher`. */
  readonly requestTimeoutMs?: number
  /** Called for each run. */
  readonly onRun?: (runs: number) => void
  /** Returns the command that repeats a run. Default: one for vitest, jest or `node --test`. */
  readonly command?: (path: string) => string
}

const OPTIONS: TableOf<FuzzOptions & { provider: Provider }> = {
  provider: needed(kind('a provider, or what defineProvider returns', isRecord)),
  server: needed(
    kind("a server: the id of a provider, such as 'logto', or a description", (value) => {
      return isRecord(value) || (typeof value === 'string' && value !== '')
    }),
  ),
  client: kind('{ id, secret }', isRecord),
  fetch: func,
  runs: count,
  timeMs: ms,
  seed: number('a whole number', Number.isSafeInteger),
  path: text(),
  requestTimeoutMs: msAbove0,
  onRun: func,
  command: func,
  replay: 'path',
}

/** The result of all runs. Holds no token. */
export interface FuzzResult {
  readonly runs: number
  readonly seed: number
  readonly durationMs: number
  readonly runsPerSecond: number
  readonly counterexample?: Counterexample
}

/** The smallest story that was found in which something does not hold. */
export interface Counterexample {
  readonly invariant: Invariant
  /** Says in a sentence what was seen. */
  readonly what: string
  readonly story: readonly StoryLine[]
  /** Repeats the run, as the option `path`. */
  readonly path: string
  readonly command: string
  /** All of it, to be printed. */
  readonly text: string
}

/** A provider is not what it says, or breaks a promise. */
export class FuzzError extends Error {
  readonly counterexample: Counterexample

  constructor(counterexample: Counterexample) {
    super(counterexample.text)
    this.counterexample = counterexample
    // Frames of ours say nothing of the provider.
    this.stack = `FuzzError: ${this.message}`
  }

  static {
    this.prototype.name = 'FuzzError'
  }
}

/**
 * Lets a provider loose on a described server, in worlds of crashes, lost answers and clocks that
 * are wrong, and throws the smallest story in which something does not hold ({@link INVARIANTS}).
 *
 * Works in vitest, jest and `node --test`. Needs fast-check (`npm i -D fast-check`). Nothing leaves
 * this process, also where the provider names real addresses.
 *
 * ```ts
 * test('my provider', async () => {
 *   await fuzzProvider(myProvider(), { server: 'logto' })
 * }, 60_000)
 * ```
 *
 * @throws {FuzzError}
 * @throws {TypeError} For options that cannot be used, or leave no time for a single run; when a
 *   function of the user's awaits what does not come.
 */
export async function fuzzProvider(provider: Provider, options: FuzzOptions): Promise<FuzzResult> {
  // Before anything is awaited, or the stack does not lead to the caller.
  const { stack = '' } = new Error('who asks')
  const result = await tryProvider(provider, options, stack)
  if (result.counterexample !== undefined) throw new FuzzError(result.counterexample)
  return result
}

/** As {@link fuzzProvider}, and tells instead of throwing. */
export async function tryProvider(
  provider: Provider,
  options: FuzzOptions,
  stack = '',
): Promise<FuzzResult> {
  checkOptions('fuzzProvider', { provider, ...options }, OPTIONS)
  const { requestTimeoutMs = 15_000, runs = 1_000, timeMs, onRun } = options
  const { server } = options
  const description =
    typeof server === 'object'
      ? wiredAs(provider, checkDescription(server))
      : await presetOf(server)
  const named = plain(`${provider.id}@${description.name}`)
  const asked = options.path ?? askedPath(named, process.env)
  const { seed, steps } =
    asked === undefined ? { seed: options.seed ?? drawnSeed(), steps: '' } : readPath(asked)
  const simulated = {
    provider,
    description,
    requestTimeoutMs,
    client: clientFor(provider, options.client),
    wrapFetch: options.fetch && checked(options.fetch),
  }
  const { run } = await loaded()
  const startedAt = systemClock.monotonic()
  const found = await run(simulated, { runs, seed, path: steps || undefined, timeMs, onRun })
  if (found.runs === 0) {
    const why = steps === '' ? 'the time was over at once' : `there is nothing at ${asked} any more`
    throw new TypeError(`nothing was tried: ${why}`)
  }
  const durationMs = Math.round(systemClock.monotonic() - startedAt)
  const runsPerSecond = Math.round((found.runs + found.shrinks) / (Math.max(durationMs, 1) / 1_000))
  const report = { runs: found.runs, seed, durationMs, runsPerSecond }
  const violation = found.world?.violation
  if (found.world === undefined || violation === undefined) return report
  const path = writePath({ seed, steps: found.path ?? '' })
  const command =
    options.command?.(path) ??
    commandOf(named, path, {
      environment: process.env,
      flags: process.execArgv,
      stack,
      folder: process.cwd(),
    })
  return {
    ...report,
    counterexample: {
      invariant: violation.invariant,
      what: plain(violation.message),
      story: found.world.story.lines,
      path,
      command,
      text: reportOf(found.world, command),
    },
  }
}

/** The user's, of which the refresher takes for granted that it makes a `fetch`. */
function checked(wrap: (fetch: FuzzFetch) => FuzzFetch): (fetch: FuzzFetch) => FuzzFetch {
  return (fetch) => {
    try {
      const wrapped: unknown = wrap(fetch)
      if (typeof wrapped === 'function') return wrapped as FuzzFetch
    } catch (error) {
      throw new TypeError(`fetch: it throws ${String(error)}`, { cause: error })
    }
    throw new TypeError('fetch: it returns no function: (next) => (url, init) => next(url, init)')
  }
}

function drawnSeed(): number {
  return Math.floor(systemRandom.fraction() * 2 ** 31)
}

async function loaded(): Promise<typeof import('./fuzz/run.ts')> {
  try {
    return await import('./fuzz/run.ts')
  } catch (error) {
    const isMissing = error instanceof Error && error.message.includes('fast-check')
    if (!isMissing) throw error
    const message = 'fuzzProvider needs fast-check: npm i -D fast-check'
    throw new TypeError(message, { cause: error })
  }
}

/**
 * A client that can authenticate as the provider wants, if the user gives none.
 *
 * @throws {TypeError} Where only the user can know it.
 */
function clientFor({ id, clientAuthentication: method }: Provider, given?: Client): Client {
  if (given !== undefined) return given
  if (method === 'private_key_jwt') {
    throw new TypeError(`${id}: private_key_jwt needs a key: pass options.client`)
  }
  const wantsSecret = typeof method === 'string' && method.startsWith('client_secret')
  return { id: 'fuzz', ...(wantsSecret && { secret: `${MARK}client-secret` }) }
}
