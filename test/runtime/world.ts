import { expect, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import type { Overrides } from '../../src/core/provider.ts'
import type { Random } from '../../src/core/random.ts'
import { createRefresher } from '../../src/index.ts'
import type {
  Outcome,
  RefreshEvent,
  Refresher,
  RefresherOptions,
  RefreshOptions,
  Store,
  StoredRow,
  TokenSet,
} from '../../src/index.ts'
import { systemRandom } from '../../src/core/random.ts'
import { loadEngine } from '../../src/runtime/refresher.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import type { ClientId, OidcServer, OidcServerOptions, SignInOptions } from '../oidc/oidc-server.ts'
import { grouped } from '../grouped.ts'
import type { FlatOptions } from '../grouped.ts'
import { handClock } from './clock.ts'
import type { HandClock } from './clock.ts'

// Tests that count turns of the event loop do not count those of the loader.
await loadEngine()

export const HOUR_MS = 3_600_000

/** What one test plays with: a real AS, a store, a clock, and any number of processes. */
export interface World {
  readonly server: OidcServer
  readonly clock: HandClock
  /** The store itself, which tests may break. */
  readonly store: TestStore
  readonly events: RefreshEvent[]
  /** Every secret that crossed the wire, and every `grant` that was handed out. */
  readonly secrets: Set<string>
  /** A refresher that shares nothing with others but the store: a process of its own. */
  process(options?: ProcessOptions): Refresher
  signIn(client?: ClientId, options?: SignInOptions): Promise<TokenSet>
  /** Ages the tokens of everybody to death. */
  expire(): void
  /** Events of one type. */
  told<T extends RefreshEvent['type']>(type: T): Extract<RefreshEvent, { type: T }>[]
}

/** Those of a refresher; `onEvent: undefined` leaves it with its log line. */
export interface ProcessOptions extends Omit<Partial<FlatOptions>, 'onEvent'> {
  readonly onEvent?: RefresherOptions['onEvent'] | undefined
  readonly axes?: Overrides
}

export interface WorldOptions extends OidcServerOptions {
  /** Refresh tokens that a test presents twice on purpose. Default none. */
  readonly presentsTwice?: boolean
}

/** Jitter without chance; bytes by chance, as nothing may depend on them. */
const random: Random = { ...systemRandom, fraction: () => 0 }

let names = 0

/**
 * Makes a world, and holds every test that made one to P1, P2 and S1 when it is over: no refresh
 * token was presented twice, and none stands in the store or in an event.
 */
export async function world(options: WorldOptions = {}): Promise<World> {
  const { presentsTwice = false, ...serverOptions } = options
  const server = await startOidcServer({ accessTokenMs: HOUR_MS, ...serverOptions })
  const clock = handClock()
  const name = `runtime-${process.pid}-${(names += 1)}`
  const store = testStore(memoryStore({ name, clock }))
  const events: RefreshEvent[] = []
  const secrets = new Set<string>()

  onTestFinished(async () => {
    const { atOnceMax, presentedTwice } = server.counts()
    await server.stop()
    expect(atOnceMax).toBeLessThanOrEqual(1)
    if (!presentsTwice) expect(presentedTwice).toBe(0)
    expectNoSecret(secrets, JSON.stringify(events))
    expectNoSecret(secrets, ...store.writes.map((bytes) => Buffer.from(bytes).toString('latin1')))
  })

  return {
    server,
    clock,
    store,
    events,
    secrets,
    process(options = {}) {
      const { axes = {}, onEvent = (event) => events.push(event), ...more } = options
      const isLoud = 'onEvent' in options && options.onEvent === undefined
      names += 1
      const refresher = createRefresher(
        grouped({
          provider: oidc({ issuer: server.issuer, rotation: 'always', ...axes }),
          client: server.clients.public,
          // Another identity, or all processes of a test would share their flights.
          store: { ...store, id: `process ${names}` },
          clock,
          random,
          ...(!isLoud && { onEvent }),
          ...more,
          fetch: listening(secrets, more.fetch),
        }),
      )
      return {
        ...refresher,
        refresh: (async (tokens: TokenSet, asked?: RefreshOptions) => {
          const outcome = await refresher.refresh(tokens, asked)
          if (outcome.tokens?.grant != null) secrets.add(outcome.tokens.grant.split('.')[0]!)
          return outcome
        }) as Refresher['refresh'],
      }
    },
    async signIn(client, signInOptions) {
      const answer = await server.signIn(client, signInOptions)
      const set = tokenSetOf(answer, clock)
      for (const secret of [set.accessToken, set.refreshToken, set.idToken]) {
        if (secret != null) secrets.add(secret)
      }
      return set
    },
    expire: () => clock.advance(HOUR_MS),
    told: (type) =>
      events.filter((event): event is Extract<RefreshEvent, { type: typeof type }> => {
        return event.type === type
      }),
  }
}

/** Fails when a text equals or contains a secret, or its bytes in another encoding. */
export function expectNoSecret(secrets: Iterable<string>, ...texts: string[]): void {
  for (const secret of secrets) {
    const spelled = [
      secret,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret, 'base64url').toString('latin1'),
    ].filter((spelling) => spelling.length > 8)
    for (const text of texts) {
      if (spelled.some((spelling) => text.includes(spelling))) {
        throw new Error(`a secret stands in: ${text.slice(0, 200).replaceAll(secret, '<secret>')}`)
      }
    }
  }
}

type Fetch = NonNullable<RefresherOptions['fetch']>

/** `fetch`, noting every token that comes back. */
function listening(secrets: Set<string>, send: Fetch = (url, init) => fetch(url, init)): Fetch {
  return async (url, init) => {
    const response = await send(url, init)
    const text = await response
      .clone()
      .text()
      .catch(() => '')
    for (const [, secret] of text.matchAll(/"(?:access|refresh|id)_token"\s*:\s*"([^"]+)"/g)) {
      secrets.add(secret!)
    }
    return response
  }
}

/** What a call of the store is about. */
export type StoreCall = { readonly do: 'read' | 'swap'; readonly key: string; readonly at: number }

/** A store that a test can look into and break. */
export interface TestStore extends Store {
  /** Every value that was written. */
  readonly writes: Uint8Array[]
  /** Keys in the order in which they were first written. */
  readonly keys: string[]
  /** Calls so far. */
  readonly calls: number
  /** Called before each call; throws to break it. `at` counts from 0. */
  before: ((call: StoreCall) => void | Promise<void>) | undefined
  /** Called when a call had its effect; throws to lose its answer. */
  after: ((call: StoreCall) => void) | undefined
  /** Called with each answer that holds a value; hands out another instead. */
  forge: ((key: string, stored: StoredRow) => StoredRow) | undefined
  /** Values that were overwritten, by key. */
  readonly history: Map<string, StoredRow[]>
}

function testStore(inner: Store): TestStore {
  let calls = 0
  const store: TestStore = {
    ...inner,
    writes: [],
    keys: [],
    history: new Map(),
    before: undefined,
    after: undefined,
    forge: undefined,
    get calls() {
      return calls
    },
    async read(key) {
      const at = calls++
      await store.before?.({ do: 'read', key, at })
      const stored = await inner.read(key)
      store.after?.({ do: 'read', key, at })
      return store.forge?.(key, stored) ?? stored
    },
    async swap(key, expected, value, ttlMs) {
      const at = calls++
      await store.before?.({ do: 'swap', key, at })
      const stored = await inner.swap(key, expected, value, ttlMs)
      if (stored.swapped) {
        store.writes.push(new Uint8Array(value))
        if (expected === 0) store.keys.push(key)
        store.history.set(key, [...(store.history.get(key) ?? []), stored])
        store.after?.({ do: 'swap', key, at })
        return stored
      }
      store.after?.({ do: 'swap', key, at })
      return { ...(store.forge?.(key, stored) ?? stored), swapped: false }
    },
  }
  return store
}

/** Holds an outcome to what a caller may rely on, whatever happened. */
export function expectServed(outcome: Outcome, accessToken?: string): void {
  expect(outcome).toMatchObject({ usable: true, needsSignIn: false })
  expect(outcome.accessToken).toBeTypeOf('string')
  if (accessToken !== undefined) expect(outcome.accessToken).toBe(accessToken)
}

/** As undici reports it. */
export function connectionRefused(): Error {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
  return new TypeError('fetch failed', { cause })
}
