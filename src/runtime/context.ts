import type { Clock } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { quietly } from '../core/user-code.ts'
import { createLedger } from '../ledger/ledger.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Policy } from '../ledger/protocol/index.ts'
import { createSealer } from '../ledger/sealer.ts'
import { asksOf, takeOverOf } from '../ledger/settlement.ts'
import { createTransport } from '../transport/transport.ts'
import type { Transport } from '../transport/transport.ts'
import type { Background, Flights } from './coalesce.ts'
import { logLine } from './events.ts'
import type { Emit } from './events.ts'
import type { Watch } from './inspect/watch.ts'
import type { Settings } from './options.ts'
import { PAUSE_MAX_MS } from './timing.ts'

/** What the refresher hands to the engine when it loads it. */
export interface EngineOptions {
  readonly settings: Settings
  readonly background: Background
  /** `undefined` on platforms where callers cannot share a run. */
  readonly flights: Flights | undefined
  readonly verified: Verified
  /** `undefined` without an inspector. */
  readonly watch?: Watch | undefined
}

/** Remembers when the ledger last said that a chain has not ended. */
export interface Verified {
  /** Whether a fresh set may be served without asking the ledger. */
  isRecent(tokens: TokenSet): boolean
  /** Records that the ledger has just said that the chain of these tokens has not ended. */
  note(tokens: TokenSet): void
  forget(tokens: TokenSet): void
}

/** A long-lived run, as far as the rest of its refresher knows it. */
export interface KeptRun {
  /** Whether the run is about this grant or this refresh token. */
  isOf(grant: string, refreshToken: Secret | undefined): boolean
  /** This refresher has ended the chain: the run ends without asking the ledger. */
  revoke(): void
}

/** All that the actors of one refresher work with. */
export interface RefresherContext extends EngineOptions {
  /** Equal for refreshers that share their claims. */
  readonly id: string
  /** What it says of asking the AS follows from the metadata, once that is known. */
  readonly policy: Policy
  readonly ledger: Ledger
  readonly transport: Transport
  readonly pauses: Pauses
  readonly keptRuns: Set<KeptRun>
  readonly emit: Emit
  /** The fingerprint of a chain, for events. Answers `undefined` if no observer wants events. */
  readonly nameOf: Ledger['nameOf']
}

/** Assembles ledger, transport and observer from the options. It starts nothing. */
export function contextOf(options: EngineOptions): RefresherContext {
  const { settings, watch } = options
  const { provider, client, store, clock, random, ledger, pepper, fetch } = settings
  const { staleMs, staleHolders, claimMs, requestTimeoutMs } = settings
  const issuer = provider.issuer ?? provider.tokenEndpoint ?? provider.id
  const id = JSON.stringify([
    store.id ?? store.name,
    ledger,
    pepper,
    issuer,
    client.id,
    provider.id,
  ])
  const onEvent = settings.onEvent ?? logLine(clock)
  const isListening = settings.onEvent !== undefined || watch !== undefined
  const rows = createLedger({
    store,
    sealer: createSealer({ ledger, pepper, random }),
    identity: { issuer, clientId: client.id, formerIssuers: settings.formerIssuers },
    clock,
    storeTimeoutMs: settings.storeTimeoutMs,
    ...retentionOf(settings),
  })
  const policy: Policy = {
    claimMs,
    staleMs,
    staleHolders,
    takeOver: takeOverOf(provider, requestTimeoutMs),
    mayEvict: store.mayEvict ?? false,
  }
  const asking: Policy = { ...policy, asks: asksOf(provider, requestTimeoutMs) }
  const parts: RefresherContext = {
    ...options,
    id,
    get policy() {
      return parts.transport.mayAsk() ? asking : policy
    },
    ledger: rows,
    transport: createTransport({
      provider,
      client,
      fetch,
      clock,
      random,
      requestTimeoutMs,
      idlePathMs: settings.checkPathAfterMs,
      since: settings.since,
      onEndpointChanged: (endpoint, before, after) =>
        parts.emit({ type: 'endpoint_changed', token: undefined, endpoint, before, after }),
    }),
    pauses: pausesOf(`${issuer} ${client.id}`, clock),
    keptRuns: new Set(),
    emit(body) {
      // Not spread: V8 is slow to add fields to a copy of an object that has many shapes.
      const event = Object.assign(body, { atMs: clock.now(), provider: provider.id })
      watch?.event(event)
      quietly(() => onEvent(event))
    },
    nameOf: isListening ? rows.nameOf : () => NAMELESS,
  }
  return parts
}

const NAMELESS = Promise.resolve(undefined)

function retentionOf({ claimRetentionMs, grantRetentionMs, provider }: Settings): {
  readonly claimRetentionMs?: number
  readonly grantRetentionMs?: number
} {
  const { refreshIdleMs, refreshLifetimeMs } = provider.response
  const grantMs = grantRetentionMs ?? refreshIdleMs ?? refreshLifetimeMs
  return {
    ...(claimRetentionMs !== undefined && { claimRetentionMs }),
    ...(grantMs !== undefined && { grantRetentionMs: grantMs }),
  }
}

/** Why one client leaves an AS alone for a while, and for how long. */
export interface Pause {
  /** `rate_limited`: the AS asked for it. `unreachable`: it did not answer. */
  readonly code: 'rate_limited' | 'unreachable'
  /** On the monotonic clock. */
  readonly untilMs: number
}

/** What this process knows of an AS that is not to be asked now. */
export interface Pauses {
  /** The pause that runs, with the milliseconds that are left of it. */
  running(): (Pause & { readonly leftMs: number }) | undefined
  /** @returns How long the pause is, milliseconds: at most `PAUSE_MAX_MS`. */
  begin(code: Pause['code'], ms: number): number
  /** The AS has answered: it is not `unreachable`. */
  answered(): void
}

const SHARED = Symbol.for('refresh-once/pauses/2')

/**
 * One pause per issuer and client in this process, shared by all its refreshers. It lies on
 * `globalThis`, because bundlers build one module several times.
 */
function pausesOf(client: string, clock: Clock): Pauses {
  const holder = globalThis as { [SHARED]?: Map<string, Pause> }
  const pauses = (holder[SHARED] ??= new Map())
  return {
    running() {
      const pause = pauses.get(client)
      const leftMs = (pause?.untilMs ?? 0) - clock.monotonic()
      if (pause !== undefined && leftMs > 0) return { ...pause, leftMs }
      pauses.delete(client)
      return undefined
    },
    begin(code, ms) {
      const pauseMs = Math.min(ms, PAUSE_MAX_MS)
      const untilMs = clock.monotonic() + pauseMs
      if (untilMs > (pauses.get(client)?.untilMs ?? 0)) pauses.set(client, { code, untilMs })
      return pauseMs
    },
    answered() {
      if (pauses.get(client)?.code === 'unreachable') pauses.delete(client)
    },
  }
}
