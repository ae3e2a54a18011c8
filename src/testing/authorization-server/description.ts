import type { Answer } from '../../../providers/credentials/response.ts'

/** An error as a server writes it. Without `error` and `members` its body is empty. */
export interface ErrorAnswer {
  readonly status: number
  /** The `error` of RFC 6749 §5.2, at the place that `answer.error` names. */
  readonly error?: string
  /** What else stands in the body. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** How a server writes; what is left out is as RFC 6749 has it. */
export interface Wire {
  /** The one place where the refresh token is looked for. Default `{ form: 'refresh_token' }`. */
  readonly carry:
    | { readonly form: string }
    | { readonly json: string }
    | { readonly query: string }
    | { readonly cookie: string }
    | { readonly bearer: true }
  /**
   * Where the members of an answer stand; one that is not named is not sent. Default: under the
   * names of RFC 6749 §5.1.
   */
  readonly answer: Pick<Answer, 'accessToken' | 'refreshToken' | 'expiresIn' | 'error'>
  readonly format: 'json' | 'form'
  readonly tokenType: 'Bearer' | 'bearer' | 'absent'
  /** `absent`: the answer does not tell how long the access token lives. */
  readonly expiresIn: 'number' | 'string' | 'absent'
  /** Whether an access token can be read: a `jwt` tells its own `iat` and `exp`. */
  readonly accessToken: 'opaque' | 'jwt'
  /** What else stands in the body of a token response. */
  readonly members: Readonly<Record<string, unknown>>
  /** The token is dead: spent, revoked or never issued. */
  readonly dead: ErrorAnswer
  /** The client did not authenticate. */
  readonly client: ErrorAnswer
  /** An audience was asked for that the server does not know (RFC 8707 §2). */
  readonly target: ErrorAnswer
  /** Parameters that ask for an audience; each value is unknown to the server. */
  readonly audience: readonly string[]
}

/** How long a spent token is taken again; `forever` for a server that replaces without revoking. */
export type ReuseWindow = 'none' | 'forever' | 'until_successor_used' | { readonly ms: number }

/** What an authorization server does, as far as a client can notice. */
export interface Behaviour {
  /** Whether a refresh token is replaced when it is presented. */
  readonly rotation: 'always' | 'sometimes' | 'never'
  /** Whether an answer that keeps the refresh token holds it again. */
  readonly keptAs: 'absent' | 'echoed'
  /** Whether an answer that spends the refresh token holds another one. */
  readonly successor: 'sent' | 'omitted'
  readonly reuseWindow: ReuseWindow
  /** What a token brings that comes again inside the window: one more successor, or the newest. */
  readonly reuseAnswer: 'fork' | 'idempotent'
  /**
   * What a spent token costs that comes again outside the window: nothing beside an `error`, the
   * refresh tokens of its `family`, or the whole `grant` with its access tokens.
   */
  readonly reuseEffect: 'error' | 'family' | 'grant'
  /** What becomes of older access tokens. */
  readonly oldAccessToken: 'lives' | 'dies'
  /** Whether a request is validated before or after the token is consumed. */
  readonly validates: 'before_consuming' | 'after_consuming'
  /** Whether a 5xx, of the server or of a gateway, may come when the token is consumed. */
  readonly unavailable: 'before_consuming' | 'any_time'
  /** Lifetime of access tokens in milliseconds; whole seconds. */
  readonly accessTokenMs: number
  /** How long the server takes for the headers, and then for the body, milliseconds. */
  readonly pace: { readonly headersMs: number; readonly bodyMs: number }
  readonly wire: Wire
}

/**
 * An authorization server as it is described. What is not known is left out, or `undefined`, and
 * drawn at random: a client must cope with whatever it turns out to be.
 */
export interface ServerDescription extends Unknown<Omit<Behaviour, 'wire'>> {
  /** Short name, `[a-z0-9-]+`. */
  readonly name: string
  readonly wire?: Unknown<Wire> | undefined
}

type Unknown<T> = { readonly [K in keyof T]?: T[K] | undefined }
