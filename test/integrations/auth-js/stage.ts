import { expect, onTestFinished, vi } from 'vitest'
import {
  createRefresher,
  type RefreshEvent,
  type Refresher,
  type Overrides,
  type RefresherOptions,
} from '../../../src/index.ts'
import {
  refreshCallbacks,
  signOutEvent,
  type AnyJwtCallback,
  type AnySessionCallback,
  type CallbackOptions,
  type OwnCallbacks,
} from '../../../src/integrations/auth-js.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { startOidcServer, type ClientId, type OidcServer } from '../../oidc/oidc-server.ts'
import { OIDC, type Product } from '../../providers/products.ts'
import { handClock, type HandClock } from '../../runtime/clock.ts'
import { startApp, type App } from './app.ts'
import { browser, type Browser, type Session } from './browser.ts'
import type { Configuration, Framework } from './frameworks.ts'

export const HOUR_MS = 3_600_000

/** An application with Auth.js in it, its authorization server, and time. */
export interface Stage {
  readonly app: App
  readonly server: OidcServer
  /** The clock of the refresher; Auth.js and the server have the wall's. */
  readonly clock: HandClock
  readonly refresher: Refresher
  readonly events: RefreshEvent[]
  /** What Auth.js logged as an error. */
  readonly errors: unknown[]
  /** What we logged. */
  readonly lines: string[]
  /** Refresh tokens of the sign-ins and renewals, in their order. */
  readonly issued: string[]
  /** Lets time pass for everybody: the wall's clock stands still from then on. */
  pass(ms: number): void
  browser(): Browser
  /** A browser whose user has signed in. */
  signedInBrowser(): Promise<Browser>
  told(type: RefreshEvent['type']): RefreshEvent[]
}

export interface StageOptions {
  readonly framework: Framework
  readonly client?: ClientId
  /** Default {@link OIDC}. */
  readonly product?: Product
  readonly axes?: Overrides
  readonly refresher?: Partial<RefresherOptions>
  readonly options?: CallbackOptions & OwnCallbacks<AnyJwtCallback, AnySessionCallback>
  readonly configuration?: Partial<Configuration>
  /** What the application does to our callbacks before it hands them on. */
  readonly wrap?: (callbacks: object) => object
  /** Whether a token is presented again that the server provably did not consume. Default not. */
  readonly presentsTwice?: boolean
}

let names = 0

/** By how much our clock is ahead: more than a sign-in takes. */
const AHEAD_MS = 5_000

/**
 * Sets the stage, and holds every test on it to the promise when it is over: no refresh token was
 * presented twice, none was seen in a session, and Auth.js logged no error.
 */
export async function stage(options: StageOptions): Promise<Stage> {
  const { framework, client = 'public', product = OIDC } = options
  const app = await startApp()
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    ...product.server,
    redirectUris: [`${app.origin}/api/auth/callback/oidc`],
  })
  // Auth.js takes the wall's time for `expires_at`, a moment later.
  const clock = handClock(Date.now() + AHEAD_MS)
  const events: RefreshEvent[] = []
  const errors: unknown[] = []
  const lines: string[] = []
  const issued: string[] = []
  const seen: string[] = []
  const refresher = createRefresher({
    provider: product.at(server, options.axes),
    client: server.clients[client],
    ledger: { store: memoryStore({ name: `auth-js-${process.pid}-${(names += 1)}`, clock }) },
    clock,
    // Backing off without chance.
    random: { ...systemRandom, fraction: () => 0 },
    onEvent: (event) => events.push(event),
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      const found = /"refresh_token"\s*:\s*"([^"]+)"/.exec(await response.clone().text())
      if (found) issued.push(found[1]!)
      return response
    },
    ...options.refresher,
  })
  const { jwt, ...more } = options.options ?? {}
  const callbacks = refreshCallbacks(
    { oidc: refresher, credentials: refresher },
    {
      exposeAccessToken: true,
      log: (line) => lines.push(line),
      ...more,
      jwt: (params) => {
        const { refresh_token: token } = (params.account ?? {}) as { refresh_token?: string }
        if (token !== undefined) issued.push(token)
        return jwt ? jwt(params) : params.token
      },
    },
  )
  app.handler = framework.handler({
    issuer: server.issuer,
    client,
    callbacks: options.wrap?.(callbacks) ?? callbacks,
    events: { signOut: signOutEvent({ oidc: refresher, credentials: refresher }) },
    onError: (error) => errors.push(error),
    ...options.configuration,
  })

  onTestFinished(async () => {
    vi.useRealTimers()
    const { presentedTwice, atOnceMax } = server.counts()
    await Promise.all([app.stop(), server.stop()])
    expect(atOnceMax).toBeLessThanOrEqual(1)
    if (options.presentsTwice !== true) expect(presentedTwice).toBe(0)
    for (const secret of issued) expect(seen.join()).not.toContain(secret)
    expect(seen.join()).not.toContain('refresh_token')
    expect(errors).toEqual([])
  })

  const opened = (): Browser => browser(app.origin, undefined, seen)
  return {
    app,
    server,
    clock,
    refresher,
    events,
    errors,
    lines,
    issued,
    pass(ms) {
      clock.advance(ms)
      vi.setSystemTime(Date.now() + ms)
    },
    browser: opened,
    async signedInBrowser() {
      const user = opened()
      await user.signIn()
      expectGood(await user.session())
      return user
    },
    told: (type) => events.filter((event) => event.type === type),
  }
}

/** So many answers of one question, asked at the same time. */
export function atOnce<T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(index)))
}

/** Holds a session to what a user must have who must sign in again: an error, and no token. */
export function expectOver(session: Session | null): void {
  expect(session).toMatchObject({ user: {}, error: 'RefreshTokenError' })
  expect(session).not.toHaveProperty('accessToken')
}

/** Holds a session to what a user must have who is signed in. */
export function expectGood(session: Session | null): asserts session is Session {
  expect(session).toMatchObject({ user: {}, expires: expect.any(String) as string })
  expect(session).not.toHaveProperty('error')
  expect(session).toHaveProperty('accessToken', expect.any(String))
}
