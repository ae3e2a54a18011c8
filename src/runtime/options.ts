import type { Audience } from '../core/tokens.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock, HostMoment } from '../core/clock.ts'
import {
  checkOptions,
  clock,
  func,
  having,
  kind,
  ms,
  msAbove0,
  needed,
  number,
  oneOf,
  random,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { checkDescription } from '../core/define-provider.ts'
import { checkClient, nameless, reuseWindowMs } from '../core/provider.ts'
import type { Client, Provider } from '../core/provider.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import { isRecord } from '../core/text.ts'
import type { TokenSet } from '../core/token-set.ts'
import { FORMER_ISSUERS, PEPPER } from '../ledger/configuration.ts'
import type { Store } from '../ledger/store.ts'
import type { OnEvent } from './events.ts'
import { checkInspector } from './inspect/line.ts'
import type { Inspector } from './inspect/line.ts'
import * as timing from './timing.ts'

/** What `createRefresher` takes. Durations are milliseconds. */
export interface RefresherOptions {
  readonly provider: Provider
  /** Default: none, for a provider that sends no client: `credentials`. */
  readonly client?: Client
  readonly ledger: LedgerOptions
  /** How long before expiry to renew. Default: a tenth of the life; 0 if a renewal kills it. */
  readonly refreshAheadMs?: number
  readonly timeouts?: TimeoutOptions
  readonly staleHolders?: StaleHolderOptions
  /**
   * For how long this process believes that the chain of a fresh set stands, before it asks the
   * ledger again. 0: one read of the store on every call; a sign-out ends all copies of a set at
   * once. With the store down a fresh set is served. Default: never asked, until the token
   * expires.
   */
  readonly revocationCheckMs?: number
  /** A handle that was not used for so long ends, and its grant is revoked. Default: never. */
  readonly maxIdleMs?: number | undefined
  /** A handle ends so long after its user signed in, and its grant is revoked. Default: never. */
  readonly maxGrantMs?: number | undefined
  /** An access token younger than this is not renewed if `refused`. Default 10,000. */
  readonly refusedFloorMs?: number
  /**
   * After so many milliseconds without an answer of the AS, and after the host has slept, a `HEAD`
   * request without a token goes to its origin first, for 5 s at most: a token that is sent into a
   * network that just wakes is lost. If there is no connection, nothing is presented. `Infinity`:
   * never, the default beside a `fetch` of yours. Else 300,000.
   */
  readonly checkPathAfterMs?: number
  /** Asks the storage for its newest set, when the AS refused this one: of the same grant only. */
  readonly reload?: (tokens: TokenSet) => Promise<TokenSet | undefined>
  /** Told what happens; replaces the log line. Not waited for; what it throws is ignored. */
  readonly onEvent?: OnEvent
  /**
   * Looks on: `pageInspector()` of `refresh-once/inspect`, any inspector of `@statelyai/inspect` as
   * it is, or a function that takes XState's inspection events. No token reaches it, and it delays
   * nothing. Where `NODE_ENV` is `production`: `{ inspect: inspector, allowInProduction: true }`.
   */
  readonly inspect?: Inspector | undefined
  /** Sends requests, each once. Default on Node: a connection for each; else `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  readonly clock?: Clock
  readonly random?: Random
}

/** The ledger: what was presented, and what came of it. */
export interface LedgerOptions {
  /** Holds the rows. Use `memoryStore()` only if one process holds all sessions. */
  readonly store: Store
  /** Refreshers of one name share claims. Default `default`. */
  readonly name?: string | undefined
  /** A secret in every key, the same in all processes, for tokens that can be guessed. */
  readonly pepper?: string | undefined
  readonly retention?: RetentionOptions
  /** Issuers, or token endpoints, configured for this same server before. Default: none. */
  readonly formerIssuers?: readonly string[] | undefined
}

/** How long rows are remembered, milliseconds. */
export interface RetentionOptions {
  /** The claim of a spent token: `staleHolders.afterMs` at least. Default 7 days. */
  readonly claimMs?: number
  /** A chain, since its last refresh. Default: as unused refresh tokens, or 30 days. */
  readonly grantMs?: number
}

/** How long each part of a call may take, milliseconds. */
export interface TimeoutOptions {
  /** A presentation, 100 at least. Default 15,000: longer than undici's connect timeout. */
  readonly requestMs?: number
  /**
   * How long a claim counts as being worked on; past it a token is lost. Default: 5,000 more than
   * `requestMs`, and the provider's reuse window if it has one, of which it takes 30,000 at most.
   */
  readonly claimMs?: number
  /** A call in all. Default `claimMs`. */
  readonly waitMs?: number
  /** One call of the store. Default 2,000. */
  readonly storeMs?: number
}

/** What becomes of holders of older sets, once another came with a later one as its own. */
export interface StaleHolderOptions {
  /** How long they are served, milliseconds. Default 3,600,000. */
  readonly afterMs?: number
  /**
   * What happens then. `revoke`: reuse is detected, which ends the chain (RFC 9700 §4.14.2).
   * `serve`: they are served for ever; that is for copies of one set in separate storages, a
   * browser and a worker, and it costs the detection of a stolen copy. Default `revoke`.
   */
  readonly then?: 'revoke' | 'serve'
}

/** What one call asks for. */
export interface RefreshOptions extends Audience {
  /**
   * The API refused an access token (401): only another one will do, and a newer one in the ledger
   * does. `true`: it was the one in these tokens. A string is the refused token, if it is another.
   */
  readonly refused?: true | string | undefined
  /** How long the access token must be good for at least, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
  /** After so many milliseconds this call gets the access token if good, else `timed_out`. */
  readonly waitMs?: number | undefined
  /** Stops the caller's waiting, nothing else: an exchange runs to its end. */
  readonly signal?: AbortSignal | undefined
  /** Takes the exchange, on platforms that end a request with its answer. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

type Replaced = 'client' | 'ledger' | 'timeouts' | 'staleHolders' | 'clock' | 'random'

/** The options with every default in place, not grouped. */
export interface Settings extends Omit<RefresherOptions, Replaced> {
  readonly client: Client
  readonly store: Store
  /** The ledger's name. */
  readonly ledger: string
  readonly pepper?: string | undefined
  readonly claimRetentionMs?: number | undefined
  readonly grantRetentionMs?: number | undefined
  readonly formerIssuers?: readonly string[] | undefined
  readonly requestTimeoutMs: number
  readonly claimMs: number
  readonly waitMs: number
  readonly refusedFloorMs: number
  readonly checkPathAfterMs: number
  /** When the refresher was made. */
  readonly since: HostMoment
  readonly storeTimeoutMs?: number | undefined
  readonly staleMs: number
  readonly staleHolders: 'revoke' | 'serve'
  readonly clock: Clock
  readonly random: Random
}

/** @throws {TypeError} For settings that cannot keep the promise, saying what to write instead. */
export function settingsOf(options: RefresherOptions): Settings {
  checkOptions('createRefresher', options, OPTIONS)
  const { provider, ledger, timeouts = {}, staleHolders = {}, revocationCheckMs } = options
  checkDescription(provider)
  const { client = nameless(provider), clock: time = systemClock } = options
  const { store, name = 'default', pepper, retention = {}, formerIssuers } = ledger
  const { requestMs = timing.REQUEST_TIMEOUT_MS, storeMs } = timeouts
  const { afterMs = timing.STALE_MS, then = 'revoke' } = staleHolders
  checkInspector(options.inspect)
  checkClient(client, provider)
  const windowMs = Math.min(reuseWindowMs(provider), timing.CLAIM_WINDOW_MAX_MS)
  const { claimMs = requestMs + timing.CLAIM_MARGIN_MS + windowMs } = timeouts
  const leastMs = requestMs + timing.CLAIM_MARGIN_MIN_MS
  if (claimMs < leastMs) {
    const hint = `write at least ${leastMs}, or leave it out`
    throw new TypeError(
      `timeouts.claimMs must exceed timeouts.requestMs by ${leastMs - requestMs}: ${hint}`,
    )
  }
  for (const each of ['claimMs', 'grantMs'] as const) {
    if ((retention[each] ?? Infinity) < afterMs) {
      throw new TypeError(
        `ledger.retention.${each} must not be below staleHolders.afterMs (${afterMs}): ` +
          'holders would outlive rows',
      )
    }
  }
  if (provider.tokens === 'guessable' && pepper === undefined && store.name !== 'memory') {
    throw new TypeError(
      'refresh tokens that can be guessed need a pepper on a shared store: write ledger.pepper, ' +
        "or tokens: 'unguessable' if they are random",
    )
  }
  const { refreshAheadMs = provider.oldAccessToken === 'dies' ? 0 : undefined } = options
  return {
    provider,
    ...(refreshAheadMs !== undefined && { refreshAheadMs }),
    ...(revocationCheckMs !== undefined && { revocationCheckMs }),
    ...(options.reload !== undefined && { reload: options.reload }),
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    maxIdleMs: options.maxIdleMs,
    maxGrantMs: options.maxGrantMs,
    inspect: options.inspect,
    client,
    store,
    ledger: name,
    pepper,
    claimRetentionMs: retention.claimMs,
    grantRetentionMs: retention.grantMs,
    formerIssuers,
    requestTimeoutMs: requestMs,
    claimMs,
    waitMs: timeouts.waitMs ?? claimMs,
    refusedFloorMs: options.refusedFloorMs ?? timing.REFUSED_FLOOR_MS,
    // A `fetch` of the user's may be a mock, or send elsewhere: it is asked for refreshes only.
    checkPathAfterMs: options.checkPathAfterMs ?? (options.fetch ? Infinity : timing.IDLE_PATH_MS),
    since: { wallMs: time.now(), monotonicMs: time.monotonic() },
    storeTimeoutMs: storeMs,
    staleMs: afterMs,
    staleHolders: then,
    clock: time,
    random: options.random ?? systemRandom,
  }
}

/** Not the factory of one, which was not called. */
const isFunction = (value: unknown, factory: string): boolean =>
  typeof value === 'function' && value.name !== factory

/** What each option may be, and what to write in place of names that are none. */
const OPTIONS: TableOf<RefresherOptions> = {
  provider: needed(
    kind('a provider: oidc({ issuer })', (value) => {
      if (!isRecord(value) || !isRecord(value['request'])) return false
      return [value['request']['names'], value['response'], value['failures']].every(isRecord)
    }),
  ),
  // Checked beside the provider, which says what it needs.
  client: kind('', () => true),
  ledger: {
    store: needed(
      having('memoryStore() for one process, or a shared store', 'read', 'swap', 'changed'),
    ),
    name: text(),
    pepper: PEPPER,
    formerIssuers: FORMER_ISSUERS,
    retention: { claimMs: ms, grantMs: ms } satisfies TableOf<RetentionOptions>,
    id: 'ledger: { store: memoryStore() }',
  } satisfies TableOf<LedgerOptions>,
  timeouts: {
    // Below it no server answers: seconds are meant, and each presentation would cost its token.
    requestMs: number('milliseconds, 100 or more', (value) => value >= 100 && value < Infinity),
    claimMs: ms,
    waitMs: ms,
    storeMs: ms,
  } satisfies TableOf<TimeoutOptions>,
  staleHolders: {
    afterMs: ms,
    then: oneOf('revoke', 'serve'),
  } satisfies TableOf<StaleHolderOptions>,
  refreshAheadMs: ms,
  revocationCheckMs: ms,
  maxIdleMs: msAbove0,
  maxGrantMs: msAbove0,
  refusedFloorMs: ms,
  checkPathAfterMs: number('milliseconds, 0 or more, or Infinity: never', (value) => value >= 0),
  reload: func,
  onEvent: kind('a function: telemetry()', (value) => isFunction(value, 'telemetry')),
  inspect: kind('an inspector: pageInspector()', (value) => {
    return typeof value !== 'function' || isFunction(value, 'pageInspector')
  }),
  fetch: func,
  clock,
  random,
  store: 'ledger: { store }',
  pepper: 'ledger: { store, pepper }',
  claimRetentionMs: 'ledger: { store, retention: { claimMs } }',
  grantRetentionMs: 'ledger: { store, retention: { grantMs } }',
  requestTimeoutMs: 'timeouts: { requestMs }',
  claimMs: 'timeouts: { claimMs }',
  waitMs: 'timeouts: { waitMs }',
  storeTimeoutMs: 'timeouts: { storeMs }',
  staleMs: 'staleHolders: { afterMs }',
  verifyMs: 'revocationCheckMs',
  // Options of other libraries.
  clientId: 'client: { id }',
  clientSecret: 'client: { id, secret }',
  issuer: 'provider: oidc({ issuer })',
}
