import type { Refresher, RefreshOptions } from '../../index.ts'

/** Refreshers by the `id` of the Auth.js provider whose tokens they renew. */
export type Refreshers = Readonly<Record<string, Refresher>>

/** What `session.error` says: as the guides for Auth.js 5 and for NextAuth 4 have it. */
export type SessionErrorName = 'RefreshTokenError' | 'RefreshAccessTokenError'

/** What both strategies take. */
export interface SessionOptions {
  /** What `session.error` says when the user must sign in again. Default `RefreshTokenError`. */
  readonly errorName?: SessionErrorName
  /**
   * Whether `session.accessToken` holds a usable access token: whoever reads the session in the
   * browser then has it. Default `false`.
   */
  readonly accessToken?: boolean
  /** Takes the exchange, on platforms that end a request with its answer. */
  readonly waitUntil?: RefreshOptions['waitUntil']
  /** Takes the few lines about configuration and failing callbacks. Default: `console.warn`. */
  readonly log?: Log
}

/** What {@link refreshCallbacks} takes. */
export interface CallbackOptions extends SessionOptions {
  /**
   * Finds the tokens in what `authorize` of a credentials provider returned. Default: the user
   * itself, in any field style.
   */
  readonly fromUser?: (
    user: object,
  ) => object | null | undefined | Promise<object | null | undefined>
  /**
   * What becomes of the tokens of one provider when the user signs in with another. `last`: they
   * are dropped, as Auth.js does. `all`: they are kept and renewed beside the new ones; for
   * applications in which to sign in again means to link. Needs `previousToken`. Default `last`.
   */
  readonly keep?: 'last' | 'all'
  /**
   * The decoded token in the cookie of the sign-in request, which Auth.js does not hand to its
   * callbacks: `() => getToken({ req, secret })`.
   */
  readonly previousToken?: () => object | null | undefined | Promise<object | null | undefined>
  /**
   * The provider whose tokens stand in cookies that do not say so, written before refresh-once was
   * there. Default: the name in `token.provider`, else the only refresher's. `false`: nobody's.
   */
  readonly adopt?: string | false
  /**
   * Whether the ID token of a sign-in goes into the cookie, about a kilobyte. With it, an answer
   * for another subject is noticed. One that is there already is kept. Default `false`.
   */
  readonly idToken?: boolean
}

const KEEPS: ReadonlySet<unknown> = new Set([undefined, 'last', 'all'])

/** @throws {TypeError} For what cannot work, saying what to write instead. */
export function checkRefreshers(refreshers: Refreshers): void {
  if (typeof refreshers !== 'object' || refreshers === null) {
    throw new TypeError('write refreshers by provider: { logto: createRefresher(…) }')
  }
  for (const [id, refresher] of Object.entries(refreshers)) {
    if (typeof refresher?.refresh === 'function') continue
    throw new TypeError(`${id} is no refresher: write createRefresher(…)`)
  }
}

/** @throws {TypeError} For what cannot work, saying what to write instead. */
export function checkOptions(refreshers: Refreshers, options: CallbackOptions): void {
  checkRefreshers(refreshers)
  const { keep, previousToken, adopt } = options
  if (!KEEPS.has(keep)) throw new TypeError(`keep is 'last' or 'all', not ${String(keep)}`)
  if (keep === 'all' && typeof previousToken !== 'function') {
    throw new TypeError(
      "keep: 'all' needs previousToken, the token in the cookie of the sign-in request: Auth.js " +
        'does not hand it to the callback',
    )
  }
  if (typeof adopt === 'string' && !Object.hasOwn(refreshers, adopt)) {
    throw new TypeError(`adopt: there is no refresher for ${adopt}`)
  }
}

/** The refresher of a provider: names come from outside, so inherited ones do not count. */
export function refresherOf(
  refreshers: Refreshers,
  provider: unknown,
): Refreshers[string] | undefined {
  return typeof provider === 'string' && Object.hasOwn(refreshers, provider)
    ? refreshers[provider]
    : undefined
}

/** Takes a line for the server's log, and what was thrown, if anything was. */
export type Log = (line: string, cause?: unknown) => void

/** Tells the developer what is worth knowing, and never the user. */
export interface Notices {
  /** A line, once for each log. */
  once(line: string): void
  /** Something of the application's own threw. */
  failed(what: string, cause: unknown): void
}

const serverLog: Log = (line, cause) => {
  if (cause === undefined) console.warn(line)
  else console.warn(line, cause)
}

const said = new WeakMap<Log, Set<string>>()

export function noticesFor(log: Log = serverLog): Notices {
  const lines = said.get(log) ?? new Set<string>()
  said.set(log, lines)
  const tell = (line: string, cause?: unknown): void => {
    try {
      log(`refresh-once: ${line}`, cause)
    } catch {
      // An observer's failure is the observer's.
    }
  }
  return {
    once(line) {
      if (lines.has(line)) return
      lines.add(line)
      tell(line)
    },
    failed: (what, cause) => tell(`${what} failed`, cause),
  }
}
