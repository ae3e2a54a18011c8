import type { Refresher, RefreshOptions } from '../../index.ts'

/** Refreshers by the `id` of the Auth.js provider whose tokens they renew. */
export type Refreshers = Readonly<Record<string, Refresher>>

/** The values of `session.error` in the guides of Auth.js 5 and of NextAuth 4. */
export type SessionErrorName = 'RefreshTokenError' | 'RefreshAccessTokenError'

/** Takes a line for the server's log, and the error that was thrown, if there was one. */
export type Log = (line: string, cause?: unknown) => void

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
  /** Takes the few lines about configuration and failing callbacks. Default: `console.warn`. */
  readonly log?: Log
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
   * the name in `token.provider`, else the only refresher's. `false`: such cookies are left alone.
   */
  readonly legacyCookieProvider?: string | false
  /**
   * Whether the ID token of a sign-in is stored in the cookie (about a kilobyte). With it, a
   * response for another subject is noticed. An ID token that is already stored stays. Default
   * `false`.
   */
  readonly storeIdToken?: boolean
}

/** @throws {TypeError} If a value is no refresher. The message says what to write. */
export function checkRefreshers(refreshers: Refreshers): void {
  if (typeof refreshers !== 'object' || refreshers === null) {
    throw new TypeError('write refreshers by provider: { logto: createRefresher(…) }')
  }
  for (const [id, refresher] of Object.entries(refreshers)) {
    if (typeof refresher?.refresh === 'function') continue
    throw new TypeError(`${id} is no refresher: write createRefresher(…)`)
  }
}

/** Options as they were called before 1.0, and their names of today. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  accessToken: 'exposeAccessToken',
  keep: 'linkedProviders',
  adopt: 'legacyCookieProvider',
  idToken: 'storeIdToken',
}

/** @throws {TypeError} If an option has its name of before 1.0. The message says the new one. */
export function refuseOldNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OLD_NAMES, name)) continue
    throw new TypeError(`the option ${name} has another name: write ${OLD_NAMES[name]}`)
  }
}

/** @throws {TypeError} If options contradict each other. The message says what to write. */
export function checkOptions(refreshers: Refreshers, options: CallbackOptions): void {
  checkRefreshers(refreshers)
  refuseOldNames(options)
  const { linkedProviders, previousToken, legacyCookieProvider } = options
  if (linkedProviders !== undefined && linkedProviders !== 'last' && linkedProviders !== 'all') {
    throw new TypeError(`linkedProviders is 'last' or 'all', not ${String(linkedProviders)}`)
  }
  if (linkedProviders === 'all' && typeof previousToken !== 'function') {
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
  const write = (line: string, cause?: unknown): void => {
    try {
      log(`refresh-once: ${line}`, cause)
    } catch {
      // A log that fails must not affect a session.
    }
  }
  return {
    once(line) {
      if (lines.has(line)) return
      lines.add(line)
      write(line)
    },
    failed: (what, cause) => write(`${what} failed`, cause),
  }
}
