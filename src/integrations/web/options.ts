import {
  checkOptions,
  clock as aClock,
  each,
  func,
  having,
  kind,
  ms,
  msAbove0,
  needed,
  text,
} from '../../core/check-options.ts'
import type { TableOf } from '../../core/check-options.ts'
import { isLoopback } from '../../core/endpoint.ts'
import type {
  Client,
  Clock,
  Handle,
  Outcome,
  Provider,
  RefreshError,
  RefreshOptions,
  RevokeOutcome,
  TokenSet,
} from '../../index.ts'

/** The part of a refresher that works with handles. */
export interface HandleRefresher {
  readonly provider: Provider
  deposit(tokens: TokenSet): Promise<Handle>
  refresh(handle: string, options?: RefreshOptions): Promise<Outcome>
  revoke(handle: string): Promise<RevokeOutcome>
}

/** The options of {@link webSessions}, and of `sessions` of each framework. */
export interface WebSessionOptions {
  /** Its ledger holds the tokens. The store must be shared by all processes, and forget nothing. */
  readonly refresher: HandleRefresher
  /** The client of the refresher. It exchanges the authorization code. */
  readonly client: Client
  /** Where browsers find the application: `https://app.example.com`. Plain http: loopback only. */
  readonly origin: string
  /** Default `openid offline_access`. */
  readonly scope?: string
  /** Where users sign in. Default: what the metadata of the issuer names. */
  readonly authorizationEndpoint?: string
  /**
   * More parameters of the authorization request: `{ access_type: 'offline' }`. Default: `{ prompt:
   * 'consent' }` if the scope has `offline_access` (OIDC Core §11).
   */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** The origins of APIs to which `fetch` of a session sends the access token. Default: none. */
  readonly apis?: readonly string[]
  /** Default `/auth/sign-in`, `/auth/callback`, `/auth/sign-out`. */
  readonly paths?: {
    readonly signIn?: string
    readonly callback?: string
    readonly signOut?: string
  }
  readonly cookie?: {
    /** Default `__Host-oauth`; `oauth` on plain http. */
    readonly name?: string
    /** How long a browser keeps it after the sign-in. Default 30 days. */
    readonly maxAgeMs?: number
  }
  /** Makes the response for a sign-in that failed. Default: a line of text, with status 400. */
  readonly onSignInFailed?: (error: RefreshError, request: Request) => Response | Promise<Response>
  /** How long a sign-out waits for the AS, milliseconds. Default 5,000. */
  readonly waitMs?: number
  readonly clock?: Clock
}

const PATH = text("a path: '/auth/callback'", (path) => /^\/(?!\/)[^?#]*$/.test(path))

const OPTIONS: TableOf<WebSessionOptions> = {
  refresher: needed(having('createRefresher(…)', 'refresh', 'revoke', 'deposit')),
  // Checked beside the provider, which says what it needs.
  client: kind('', () => true),
  origin: needed(text("an origin: 'https://app.example.com'", isWebOrigin)),
  scope: text(),
  authorizationEndpoint: text('an address', (address) => URL.canParse(address)),
  authorizationParameters: each(text()),
  apis: kind("a list of origins: ['https://api.example.com']", (value) => Array.isArray(value)),
  paths: { signIn: PATH, callback: PATH, signOut: PATH },
  cookie: {
    name: text('a name of letters, digits, - and _', (name) => /^[\w-]+$/.test(name)),
    maxAgeMs: msAbove0,
  },
  onSignInFailed: func,
  waitMs: ms,
  clock: aClock,
}

/** @throws {TypeError} For options that cannot work, saying what to write instead. */
export function checkWebOptions(options: WebSessionOptions): void {
  checkOptions('webSessions', options, OPTIONS)
}

function isWebOrigin(value: string): boolean | string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.origin !== value) return false
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return true
  return 'is plain http: only loopback hosts may be, because others read the cookie'
}
