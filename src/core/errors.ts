const BRAND = Symbol.for('refresh-once/error/1')

/** Codes that only a new sign-in ends, unless the problem itself says otherwise. */
const FINAL = {
  no_refresh_token: 'The access token cannot be renewed: the set holds no refresh token.',
  rejected: 'The authorization server says that the grant is dead.',
  expired: 'The refresh token is past its lifetime, and the authorization server refused it.',
  presented_elsewhere:
    'The server calls a token dead that this ledger never presented: do all processes share it?',
  reuse_detected:
    'A spent refresh token came back after a later one was seen: the grant was ended.',
  revoked: 'The grant was revoked here.',
  unknown: 'The request was sent and no answer proves what became of the refresh token.',
  subject_changed: 'The answer speaks of another subject than the tokens it renews.',
  sign_in_failed: 'The user did not sign in.',
  lost: 'The refresh token may be spent, and its successor never arrived.',
  handle_unknown: 'No tokens are stored under this handle: it was forgotten, or never handed out.',
  handle_idle: 'The handle was not used for longer than maxIdleMs.',
  handle_too_old: 'The sign-in is older than maxGrantMs.',
} as const

/**
 * Codes under which a new grant is needed, and perhaps no person: the tokens are gone, and neither
 * the user nor a thief is why.
 */
const SILENT: ReadonlySet<string> = new Set<keyof typeof FINAL>([
  'no_refresh_token',
  'expired',
  'unknown',
  'lost',
  'handle_unknown',
])

/** Codes that pass: the same call may succeed later, or once the code or the setup is mended. */
const PASSING = {
  invalid_tokens: 'The token set makes no sense.',
  no_tokens: 'Nothing is stored under this key.',
  wrong_issuer: 'The ledger knows this token as issued by another issuer or for another client.',
  provider_mismatch: 'The token set was issued by another provider than this refresher speaks to.',
  refused: 'The authorization server refused the client or the request.',
  rate_limited: 'The authorization server asks to come again later.',
  unreachable: 'The authorization server could not be reached; nothing was sent.',
  misconfigured: 'The authorization server cannot be used as configured; nothing was sent.',
  no_revocation_endpoint:
    'The authorization server was told nothing: no revocation endpoint is known.',
  busy: 'Another holder is presenting the refresh token and has not finished.',
  timed_out: 'The time of this call was over; the exchange, if any, runs on.',
  superseded: 'The chain moved on faster than this call could follow.',
  unusable: 'The access token that came cannot be used: refused, over already, or malformed.',
  paused:
    'The refresh token waits: the server asked for it, or may still be at work with the token.',
  store_unavailable: 'The ledger could not be read or written.',
  store_full: 'The ledger takes no more rows; nothing was presented.',
  store_evicts: 'The ledger may drop rows, so it cannot keep the promise.',
  file_malformed: 'The credential file is malformed.',
  file_insecure: 'The credential file is not safe.',
  file_locked: 'The credential file is locked.',
  file_unavailable: 'The credential file cannot be used.',
  row_unreadable: 'A row of the ledger does not open with its key; nothing was presented.',
  ledger_mismatch: 'Another configuration (pepper or format) wrote this ledger.',
  aborted: 'The caller stopped waiting; the exchange, if any, runs on.',
  draining: 'The refresher is shutting down and starts no new exchange.',
  internal: 'A bug in refresh-once, or in a hook it was given.',
} as const

/** Every code with its sentence. Codes are stable: renaming one is a breaking change. */
export const PROBLEMS = { ...FINAL, ...PASSING } as const

export type ErrorCode = keyof typeof PROBLEMS

/**
 * Why a user has to sign in again: each end has one name, which is stable, and one sentence. What
 * is known beside it stands in {@link Evidence}.
 */
export const REASONS = {
  lost_answer: 'The answer to a refresh was lost on its way, so that the token may be spent.',
  lost_on_wake: 'The answer was lost because this machine had just woken from sleep.',
  crash: 'A process stopped when it had the token in hand, and may have sent it.',
  refused_by_server: 'The authorization server has ended the grant: ask there who did, and when.',
  request_refused: 'The server refused the request, and may have spent the token with it.',
  expired_absolute: 'The sign-in was as old as the server lets one become.',
  expired_idle: 'The sign-in was not used for longer than the server allows.',
  reuse_detected: 'An old copy of the tokens came back long after a newer one had been used.',
  signed_out: 'The user signed out, here or at another place that shares the ledger.',
  store_forgot: 'The ledger lost what it knew of this sign-in, and the token had been spent.',
  presented_elsewhere: 'Something that does not share this ledger has used the token.',
  subject_changed: 'The server answered with the tokens of another user.',
  no_refresh_token: 'The sign-in brought no refresh token, or the server gave no new one.',
  sign_in_failed: 'The sign-in itself failed, so that there are no tokens yet.',
} as const

export type Reason = keyof typeof REASONS

/** The reason of an end of which nothing more is known than its code. */
const REASON_OF: Readonly<Record<keyof typeof FINAL, Reason>> = {
  no_refresh_token: 'no_refresh_token',
  rejected: 'refused_by_server',
  expired: 'expired_absolute',
  presented_elsewhere: 'presented_elsewhere',
  reuse_detected: 'reuse_detected',
  revoked: 'signed_out',
  unknown: 'lost_answer',
  subject_changed: 'subject_changed',
  lost: 'lost_answer',
  sign_in_failed: 'sign_in_failed',
  handle_unknown: 'store_forgot',
  handle_idle: 'expired_idle',
  handle_too_old: 'expired_absolute',
}

export function reasonOf(code: ErrorCode): Reason {
  return isFinalCode(code) ? REASON_OF[code] : 'request_refused'
}

/** What is known of an end, from the chain's own history. Numbers alone: no token, no name. */
export interface Evidence {
  /** The moment at which the refresh token died of age or disuse, epoch milliseconds. */
  readonly expiredAtMs?: number | undefined
  /** By how many rotations the token was late that came back. */
  readonly generationsLate?: number | undefined
  /** How long after a later token was used it came, milliseconds. */
  readonly lateMs?: number | undefined
  /** When the chain was renewed last, epoch milliseconds. */
  readonly renewedAtMs?: number | undefined
}

/** Whether only a new sign-in helps under a code. */
export function isFinalCode(code: ErrorCode): code is keyof typeof FINAL {
  return Object.hasOwn(FINAL, code)
}

/** Whether a sign-in without a page may help under a code. */
export function isSilentCode(code: ErrorCode): boolean {
  return SILENT.has(code)
}

/** A failure in words that are safe to print: nothing here comes from a body unchecked. */
export interface Trouble {
  /** Our stable code. */
  readonly code: ErrorCode
  /** The `error` of RFC 6749 §5.2, if it is one short word of safe characters. */
  readonly oauthError?: string
  /** HTTP status. */
  readonly status?: number
  /** The origin that answered or did not. */
  readonly origin?: string
}

/** The allow-list of what a {@link RefreshError} may say, so that nothing else can leak. */
export interface ErrorDetails extends Partial<Omit<Trouble, 'code'>>, Evidence {
  /** Why the user has to sign in again. Absent: the user need not. */
  readonly reason?: Reason | undefined
  /** Our own words: never text from a server, a token, or a URL beyond its origin. */
  readonly hint?: string | undefined
  /** The field of the token set that is wrong. */
  readonly field?: string | undefined
  /** Epoch milliseconds. */
  readonly retryAtMs?: number | undefined
  readonly provider?: string | undefined
  readonly store?: string | undefined
  /** The file that it is about. */
  readonly path?: string | undefined
}

const DETAILS = [
  'oauthError',
  'status',
  'origin',
  'field',
  'retryAtMs',
  'provider',
  'store',
  'path',
  'reason',
  'expiredAtMs',
  'generationsLate',
  'lateMs',
  'renewedAtMs',
] as const satisfies readonly (keyof ErrorDetails)[]

/**
 * The one error of this library. It is built from an allow-list: it has no foreign `cause`, no
 * body, no header, no description from a server, and no URL beyond its origin.
 */
export class RefreshError extends Error {
  // Declared only: a detail that is not known must not be an own `undefined` in every log.
  declare readonly code: ErrorCode
  declare readonly oauthError: string | undefined
  declare readonly status: number | undefined
  declare readonly origin: string | undefined
  declare readonly field: string | undefined
  declare readonly retryAtMs: number | undefined
  declare readonly provider: string | undefined
  declare readonly store: string | undefined
  declare readonly path: string | undefined
  /** Why the user has to sign in again: one of {@link REASONS}. Else `undefined`. */
  declare readonly reason: Reason | undefined
  declare readonly expiredAtMs: number | undefined
  declare readonly generationsLate: number | undefined
  declare readonly lateMs: number | undefined
  declare readonly renewedAtMs: number | undefined
  /** What to do about it: the end of the message, which shows it already. Not enumerable. */
  declare readonly hint: string | undefined

  static {
    this.prototype.name = 'RefreshError'
    Object.defineProperty(this.prototype, BRAND, { value: true })
  }

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(messageOf(code, details))
    const known = DETAILS.filter((name) => details[name] !== undefined)
    Object.assign(this, { code }, ...known.map((name) => ({ [name]: details[name] })))
    Object.defineProperty(this, 'hint', { value: details.hint })
  }

  toJSON(): object {
    return { ...this, name: this.name, message: this.message }
  }
}

/** Begins the sentence with the store's name, if the error is about a store. */
function messageOf(code: ErrorCode, details: ErrorDetails): string {
  const { store, hint, reason } = details
  const why = reason === undefined || reason === reasonOf(code) ? undefined : REASONS[reason]
  const said = [PROBLEMS[code], why, inWords(details), hint].filter(Boolean).join(' ')
  return store === undefined ? said : `${store}: ${said}`
}

/** What is known of an end, as sentences. */
export function inWords({ expiredAtMs, generationsLate, lateMs, renewedAtMs }: Evidence): string {
  const sentences = [
    expiredAtMs !== undefined && `The refresh token died on ${dayOf(expiredAtMs)}.`,
    generationsLate !== undefined &&
      `The token was ${generationsLate} rotations late` +
        (lateMs === undefined
          ? '.'
          : `, ${Math.round(lateMs / 60_000)} minutes after a later one.`),
    renewedAtMs !== undefined && `The tokens were renewed last on ${dayOf(renewedAtMs)}.`,
  ]
  return sentences.filter((each) => each !== false).join(' ')
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' at ')

/** Recognises our error across copies of this module, which `instanceof` does not. */
export function isRefreshError(value: unknown): value is RefreshError {
  return typeof value === 'object' && value !== null && BRAND in value
}
