import {
  boolean,
  checkOptions,
  clock,
  each,
  func,
  having,
  ms,
  needed,
  oneOf,
  or,
  text,
} from '../../core/check-options.ts'
import type { OptionTable, TableOf } from '../../core/check-options.ts'
import type { Clock, Refresher, RefreshOptions } from '../../index.ts'

/** Refreshers by the `id` of the Auth.js provider whose tokens they renew. */
export type Refreshers = Readonly<Record<string, Refresher>>

/** The values of `session.error` in the guides of Auth.js 5 and of NextAuth 4. */
export type SessionErrorName = 'RefreshTokenError' | 'RefreshAccessTokenError'

/** Takes a line for the server's log, and the error that was thrown, if there was one. */
export type Log = (line: string, cause?: unknown) => unknown

/** The options of both session strategies. */
export interface SessionOptions {
  /** `session.error` while the user must sign in again. Default `RefreshTokenError`. */
  readonly errorName?: SessionErrorName
  /**
   * Whether `session.accessToken` holds a usable access token. Every script of the page can then
   * read it. Default `false`.
   */
  readonly exposeAccessToken?: boolean
  /** Keeps the request to the AS alive on platforms that end a request with its response. */
  readonly waitUntil?: RefreshOptions['waitUntil']
  /**
   * How long the calls of one request may wait in all: the proxy, its layouts and its page. After
   * that a session has no `accessToken`, and no `error`. Default 5,000; without an end on platforms
   * that stop a process with its response, unless there is `waitUntil`.
   */
  readonly waitMs?: number
  /** Takes the few lines about configuration and failing callbacks. Default: `console.warn`. */
  readonly log?: Log
  readonly clock?: Clock
}

/** How long a request waits for an AS by default, milliseconds. */
const WAIT_MS = 5_000

/** Environment variables of platforms that stop a process when it has responded. */
const STOPPING = ['AWS_LAMBDA_FUNCTION_NAME', 'VERCEL', 'NETLIFY', 'FUNCTION_TARGET']

/** How long a request waits. If it left an exchange that is then stopped, the token were lost. */
export function waitMsOf({ waitMs, waitUntil }: SessionOptions): number {
  if (waitMs !== undefined) return waitMs
  const host = (globalThis as { process?: Partial<NodeJS.Process> }).process
  const mayStop = waitUntil === undefined && STOPPING.some((name) => host?.env?.[name])
  return mayStop ? Infinity : WAIT_MS
}

/** The options of {@link refreshCallbacks}. */
export interface CallbackOptions extends SessionOptions {
  /**
   * Finds the tokens in the user that `authorize` of a credentials provider returned. Default: the
   * user itself, in any field style.
   */
  readonly fromUser?: (
    user: object,
  ) => object | null | undefined | Promise<object | null | undefined>
  /**
   * Decides about the tokens of one provider when the user signs in with another. `last`: they are
   * dropped, as Auth.js does. `all`: they are kept and renewed beside the new ones. Use `all` if a
   * further sign-in links an account; it needs `previousToken`. Default `last`.
   */
  readonly linkedProviders?: 'last' | 'all'
  /**
   * Returns the decoded session cookie of the sign-in request, which Auth.js does not pass to its
   * callbacks: `() => getToken({ req, secret })`.
   */
  readonly previousToken?: () => object | null | undefined | Promise<object | null | undefined>
  /**
   * The provider of session cookies that were written before refresh-once was installed. Default:
   * the name in `token.provider`. Without a name, and with `false`, such cookies are left alone.
   */
  readonly legacyCookieProvider?: string | false
  /**
   * Whether the ID token of a sign-in is stored in the cookie (about a kilobyte). With it, a
   * response for another subject is noticed. An ID token that is already stored stays. Default
   * `false`.
   */
  readonly storeIdToken?: boolean
  /**
   * Where the tokens are. `ledger`: the cookie holds a handle, which never changes, and no token; a
   * session that still holds tokens is deposited at its next use. Default `cookie`.
   */
  readonly tokens?: 'cookie' | 'ledger'
}

/** Options as they were called before 1.0, and their names of today. */
export const OLD_NAMES = {
  accessToken: 'exposeAccessToken',
  keep: 'linkedProviders',
  adopt: 'legacyCookieProvider',
  idToken: 'storeIdToken',
}

/** What each option of both strategies may be. */
export const SESSION_OPTIONS: TableOf<SessionOptions> = {
  errorName: oneOf('RefreshTokenError', 'RefreshAccessTokenError'),
  exposeAccessToken: boolean,
  waitUntil: func,
  waitMs: ms,
  log: func,
  clock,
  ...OLD_NAMES,
}

export const LEGACY_COOKIE = or(text(), 'false', (value) => value === false)

/** What each option of {@link refreshCallbacks} may be. */
export const CALLBACK_OPTIONS: TableOf<CallbackOptions & { jwt?: unknown; session?: unknown }> = {
  ...SESSION_OPTIONS,
  fromUser: func,
  linkedProviders: oneOf('last', 'all'),
  previousToken: func,
  legacyCookieProvider: LEGACY_COOKIE,
  storeIdToken: boolean,
  tokens: oneOf('cookie', 'ledger'),
  jwt: func,
  session: func,
}

const REFRESHERS = {
  refreshers: needed(
    each(needed(having('createRefresher(…)', 'refresh'))),
    'refreshers by provider: { logto: createRefresher(…) }',
  ),
}

/** @throws {TypeError} If a value is no refresher, or an option is wrong. Says what to write. */
export function checkCallbacks(
  factory: string,
  refreshers: Refreshers,
  options: object,
  table: OptionTable,
): void {
  checkOptions(factory, { refreshers }, REFRESHERS)
  checkOptions(factory, options, table)
}

/** @throws {TypeError} If options contradict each other. The message says what to write. */
export function checkCallbackOptions(refreshers: Refreshers, options: CallbackOptions): void {
  checkCallbacks('refreshCallbacks', refreshers, options, CALLBACK_OPTIONS)
  const { linkedProviders, previousToken, legacyCookieProvider } = options
  if (options.tokens === 'ledger' && linkedProviders === 'all') {
    throw new TypeError("tokens: 'ledger' keeps one provider: leave linkedProviders out")
  }
  if (linkedProviders === 'all' && previousToken === undefined) {
    throw new TypeError(
      "linkedProviders: 'all' needs previousToken, the token in the cookie of the " +
        'sign-in request: Auth.js does not hand it to the callback',
    )
  }
  if (
    typeof legacyCookieProvider === 'string' &&
    !Object.hasOwn(refreshers, legacyCookieProvider)
  ) {
    throw new TypeError(`legacyCookieProvider: there is no refresher for ${legacyCookieProvider}`)
  }
}

/** Finds a provider's refresher. The name comes from outside, so inherited keys do not count. */
export function refresherOf(refreshers: Refreshers, provider: unknown): Refresher | undefined {
  return typeof provider === 'string' && Object.hasOwn(refreshers, provider)
    ? refreshers[provider]
    : undefined
}

/** Writes lines for the developer to the server's log. The user never sees them. */
export interface Notices {
  /** Writes a line once for each log. */
  once(line: string): void
  /** Says that a function of the application threw. */
  failed(what: string, cause: unknown): void
}

const serverLog: Log = (line, cause) => {
  if (cause === undefined) console.warn(line)
  else console.warn(line, cause)
}

const writtenLines = new WeakMap<Log, Set<string>>()

export function noticesFor(log: Log = serverLog): Notices {
  const lines = writtenLines.get(log) ?? new Set<string>()
  writtenLines.set(log, lines)
  const write = async (line: string, cause?: unknown): Promise<void> => {
    try {
      await log(`refresh-once: ${line}`, cause)
    } catch {
      // A log that fails, at once or later, must not affect a session.
    }
  }
  return {
    once(line) {
      if (lines.has(line)) return
      lines.add(line)
      void write(line)
    },
    failed: (what, cause) => void write(`${what} failed`, cause),
  }
}
