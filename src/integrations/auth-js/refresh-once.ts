import { checkOptions, each, having, kind, needed } from '../../core/check-options.ts'
import { isRecord } from '../../core/text.ts'
import type { RefresherOptions, Store } from '../../index.ts'
import {
  authorizationNeedsOf,
  configuredOf,
  fromEnvironment,
  refresherFor,
  type Configured,
  type SharedOptions,
} from './derive.ts'
import { jwtCallback, type AnyJwtCallback } from './jwt.ts'
import { CALLBACK_OPTIONS, checkCallbackOptions } from './options.ts'
import type { CallbackOptions, Refreshers } from './options.ts'
import type { RenewalResult } from './renewal.ts'
import { tokenSessionCallback, type AnySessionCallback } from './session.ts'
import { signOutEvent, type SignOutMessage } from './sign-in.ts'

/** The options of {@link refreshOnce}. */
export interface RefreshOnceOptions extends CallbackOptions {
  /** Holds the rows of the ledger. `memoryStore()` is for one process. */
  readonly store: Store
  /** Refreshers that are not derived, by the `id` of the Auth.js provider. They win. */
  readonly refreshers?: Refreshers
  /** What every refresher that is derived gets beside its provider, client and store. */
  readonly refresher?: Omit<RefresherOptions, 'provider' | 'client' | 'ledger'> & {
    readonly ledger?: Omit<RefresherOptions['ledger'], 'store'>
  }
}

/** What an application tells Auth.js: the parts that are read and changed. */
interface Configuration {
  readonly providers: readonly unknown[]
  readonly adapter?: unknown
  readonly session?: { readonly strategy?: unknown } | undefined
  readonly callbacks?: { readonly jwt?: unknown; readonly session?: unknown } | undefined
  readonly events?: { readonly signOut?: unknown } | undefined
}

/** `auth(request)` of Auth.js 5 takes a function that makes the configuration. */
type Lazy = (...args: never[]) => unknown

const OPTIONS = {
  ...CALLBACK_OPTIONS,
  store: needed(
    having('memoryStore() for one process, or a shared store', 'read', 'swap', 'changed'),
    'store: memoryStore()',
  ),
  refreshers: each(needed(having('createRefresher(…)', 'refresh'))),
  refresher: kind('options of createRefresher: { timeouts, onEvent, … }', isRecord),
  jwt: 'callbacks: { jwt } of the configuration of Auth.js: it is called after ours',
  session: 'callbacks: { session } of the configuration of Auth.js: it is called after ours',
}

/**
 * Takes the configuration of Auth.js and gives it back with tokens that are renewed: derives a
 * refresher from each OAuth provider, asks for a refresh token in the authorization request, and
 * adds the callbacks `jwt` and `session` and the event `signOut`. Your own run after them.
 *
 * For Auth.js 5 (`next-auth`, `@auth/core`, `@auth/sveltekit`, `@auth/express`) and NextAuth 4.
 * Takes a function that makes the configuration, too.
 *
 *     export const { handlers, auth } = NextAuth(
 *       refreshOnce({ providers: [Google] }, { store: memoryStore() }),
 *     )
 *
 * @throws {TypeError} If something cannot be derived, or the session is not kept in a cookie. Names
 *   the line to write.
 */
export function refreshOnce<C>(config: C, options: RefreshOnceOptions): C {
  checkOptions('refreshOnce', options, OPTIONS)
  const refreshed = wirer(options)
  if (typeof config !== 'function') return refreshed(config)
  const lazy = config as unknown as Lazy
  const made = (...args: never[]): unknown => {
    const result = lazy(...args)
    return result instanceof Promise ? result.then(refreshed) : refreshed(result)
  }
  return made as C
}

/** Wires configurations. Refreshers outlive a configuration that is made for one request. */
function wirer(options: RefreshOnceOptions): <C>(config: C) => C {
  const { store, refreshers: explicit = {}, refresher = {}, ...callbackOptions } = options
  const shared: SharedOptions = { ...refresher, ledger: { ...refresher.ledger, store } }
  const made = new Map<string, Refreshers[string]>()

  function refresherOnce(configured: Configured): Refreshers[string] {
    const { id, all } = configured
    const { issuer, wellKnown, token, client, clientId, clientSecret } = all
    const key = JSON.stringify([id, issuer, wellKnown, token, client, clientId, clientSecret])
    const known = made.get(key) ?? refresherFor(configured, shared)
    made.set(key, known)
    return known
  }

  return (config) => {
    const given = checked(config)
    const refreshers: Record<string, Refreshers[string]> = { ...explicit }
    const providers = given.providers.map((entry) => {
      const provider = resolved(entry)
      const configured = configuredOf(provider)
      if (configured === undefined) return entry
      if (!Object.hasOwn(refreshers, configured.id) && !isUnconfiguredBuild(configured)) {
        refreshers[configured.id] = refresherOnce(configured)
      }
      return withRefreshToken(entry, configured)
    })
    const { callbacks = {}, events = {} } = given
    const own = callbacks as { jwt?: AnyJwtCallback; session?: AnySessionCallback }
    const whole = { ...callbackOptions, jwt: own.jwt, session: own.session }
    checkCallbackOptions(refreshers, whole)
    const results = new WeakMap<object, readonly RenewalResult[]>()
    return {
      ...config,
      providers,
      callbacks: {
        ...callbacks,
        jwt: jwtCallback(refreshers, whole, results),
        session: tokenSessionCallback(whole, results),
      },
      events: { ...events, signOut: signOut(refreshers, options, events.signOut) },
    }
  }
}

/** The application's own event runs after ours, with what Auth.js gave. */
function signOut(
  refreshers: Refreshers,
  { legacyCookieProvider, waitMs, log, clock }: RefreshOnceOptions,
  own: unknown,
): (message: SignOutMessage) => Promise<void> {
  const given = { legacyCookieProvider, waitMs, log, clock }
  const ours = signOutEvent(
    refreshers,
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  )
  return async (message) => {
    await ours(message)
    if (typeof own === 'function') await own(message)
  }
}

/** @throws {TypeError} Says what to write instead. */
function checked(config: unknown): Configuration {
  if (!isRecord(config) || !Array.isArray(config['providers'])) {
    throw new TypeError('refreshOnce: the first argument is the configuration: { providers: […] }')
  }
  const given = config as unknown as Configuration
  const strategy = given.session?.strategy ?? (given.adapter === undefined ? 'jwt' : 'database')
  if (strategy !== 'jwt') {
    throw new TypeError(
      'refreshOnce: with an adapter Auth.js keeps sessions in the database: write ' +
        "session: { strategy: 'jwt' }, " +
        'or use databaseCallbacks (docs/guides/database-strategy.md)',
    )
  }
  return given
}

/** An entry of `providers` with what Auth.js fills in from the environment. */
function resolved(entry: unknown): unknown {
  if (typeof entry !== 'function') return withEnvironment(entry)
  const make = entry as (options: object) => unknown
  const named = make({})
  const id = isRecord(named) && typeof named['id'] === 'string' ? named['id'] : ''
  return withEnvironment(make(fromEnvironment(id)))
}

function withEnvironment(provider: unknown): unknown {
  if (!isRecord(provider) || typeof provider['id'] !== 'string') return provider
  const configured = configuredOf(provider)
  if (configured === undefined) return provider
  return { ...provider, ...missing(fromEnvironment(provider['id']), configured.all) }
}

function missing(values: object, present: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).filter(([name]) => present[name] === undefined))
}

/** A build has no environment: Next.js evaluates the configuration, and signs nobody in. */
function isUnconfiguredBuild({ all }: Configured): boolean {
  const host = (globalThis as { process?: Partial<NodeJS.Process> }).process
  return all['clientId'] === undefined && host?.env?.['NEXT_PHASE'] === 'phase-production-build'
}

/** Adds what a refresh token needs to the authorization request, unless the application said it. */
function withRefreshToken(entry: unknown, configured: Configured): unknown {
  const needs = authorizationNeedsOf(configured)
  const authorization = needs && asking(configured, needs)
  if (authorization === undefined) return entry
  const add = (made: unknown): unknown => {
    if (!isRecord(made)) return made
    const { options } = made
    return isRecord(options)
      ? { ...made, options: { ...options, authorization } }
      : { ...made, authorization }
  }
  if (typeof entry !== 'function') return add(entry)
  return (options?: object) => add((entry as (given?: object) => unknown)(options))
}

type Needs = NonNullable<ReturnType<typeof authorizationNeedsOf>>

/** The authorization endpoint with the parameters that are missing; `undefined`: none is. */
function asking(
  { all, own }: Configured,
  { scope, prompt, parameters }: Needs,
): object | undefined {
  const defaults = partsOf(all['authorization'])
  const given = partsOf(own['authorization'])
  const known = { ...defaults.params, ...given.params }
  const byDefault = all['type'] === 'oidc' ? 'openid profile email' : ''
  const base = typeof known['scope'] === 'string' ? known['scope'] : byDefault
  const wanted = scope?.split(' ').filter((word) => !base.split(/[ ,]/).includes(word)) ?? []
  const added = {
    ...(wanted.length > 0 && { scope: [base, ...wanted].filter(Boolean).join(' ') }),
    ...missing({ ...(prompt !== undefined && { prompt }), ...parameters }, known),
  }
  if (Object.keys(added).length === 0) return undefined
  const url = given.url ?? defaults.url
  return { ...(url !== undefined && { url }), params: { ...known, ...added } }
}

/** An endpoint as Auth.js takes it: an address with a query, or an object. */
function partsOf(endpoint: unknown): { url?: string; params: Record<string, unknown> } {
  if (isRecord(endpoint)) {
    const { url, params } = endpoint
    const parts = partsOf(url instanceof URL ? url.href : isRecord(url) ? undefined : url)
    return { ...parts, params: { ...parts.params, ...(isRecord(params) && params) } }
  }
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return { params: {} }
  const url = new URL(endpoint)
  const params = Object.fromEntries(url.searchParams)
  url.search = ''
  return { url: url.href, params }
}
