import { checkOptions, kind, needed, text } from './check-options.ts'
import type { Kind, TableOf } from './check-options.ts'
import type { Failure } from './failure.ts'
import type { Secret } from './secret.ts'
import { isRecord } from './text.ts'

export interface Client {
  /** `client_id` (RFC 6749 §2.2). */
  readonly id: string
  /** `client_secret`. Absent: a public client. An empty one is a `TypeError`. */
  readonly secret?: string | undefined
  /** For `private_key_jwt` (RFC 7523 §2.2). */
  readonly privateKey?: { readonly key: CryptoKey; readonly kid?: string } | undefined
}

/** What a client authentication may change of a request to the token or revocation endpoint. */
export interface OutgoingRequest {
  readonly headers: Headers
  readonly parameters: URLSearchParams
}

/** Authenticates the client on its own terms. Called before the claim; may fail there. */
export type AuthenticateClient = (
  request: OutgoingRequest,
  context: {
    readonly client: Client
    readonly endpoint: string
    readonly issuer: string | undefined
  },
) => void | Promise<void>

export type ClientAuthentication =
  'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | AuthenticateClient

/**
 * What an AS does with a refresh token that was replaced and comes again:
 *
 * - `accepted`: it stays valid for as long as it would have lived.
 * - `{ acceptedForMs }`: it is accepted for so long after its first use, milliseconds.
 * - `until_successor_used`: it is accepted until the client uses what came for it.
 * - `refused`: it is answered with an error, and nothing else ends.
 * - `revokes`: its family or its whole grant ends.
 */
export type Reuse =
  'accepted' | { readonly acceptedForMs: number } | 'until_successor_used' | 'refused' | 'revokes'

/** An endpoint that the AS gives up. */
export interface RetiredAddress {
  readonly address: string
  /** The day from which it is refused, `YYYY-MM-DD`. Before, it is warned about. */
  readonly from: string
  /** What to write instead. */
  readonly use: string
}

/** An answer as a description's reader gets it: the decoded body and the headers. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  /** JSON, or an object made of a form-encoded answer; `undefined` when it cannot be read. */
  readonly body: unknown
  /** What `validate` made of the body. Absent: it was not asked, or refused the body. */
  readonly validated?: unknown
}

/** The members of an answer under their standard names. */
export type ReadAnswer = Readonly<Record<string, unknown>> | undefined

/**
 * One AS product, as data. Made by {@link defineProvider}; every axis can be overridden.
 *
 * Everything here is constant configuration: nothing of it may come from a session or a token.
 */
export interface Provider {
  /** Short name, `[a-z0-9-]+`. */
  readonly id: string
  /** The issuer (RFC 8414 §2). Needed when an endpoint must be discovered. */
  readonly issuer?: string
  /** Where the metadata lies. Default `oidc`, then `oauth2` (RFC 8414 §3) when it is not there. */
  readonly discovery?: 'oidc' | 'oauth2'
  /** Given: no discovery for it. */
  readonly tokenEndpoint?: string
  /** RFC 7009. `null`: the AS has none. Given or `null`: no discovery for it. */
  readonly revocationEndpoint?: string | null
  /**
   * RFC 7662, where the AS tells whether a refresh token is active. After a lost answer or a crash
   * it is asked, once the AS has settled what it was sent. Default: what the metadata names, if the
   * token endpoint is discovered, too. `null`: it is not asked.
   */
  readonly introspectionEndpoint?: string | null
  /** The longest time after which the AS has settled a request it was sent. Default 30,000. */
  readonly settlesWithinMs?: number
  /**
   * Default: `none` without secret or key, else what the metadata says first, else
   * `client_secret_basic` (RFC 6749 §2.3.1). Never guessed by trying: that spends a token.
   */
  readonly clientAuthentication?: ClientAuthentication
  /**
   * Whether plain http is accepted on hosts other than loopback ones: any listener on the way reads
   * the tokens. Default `false`.
   */
  readonly insecure: boolean
  /**
   * Hosts in private networks that the metadata of a public issuer may name as endpoints, e.g.
   * `['10.0.0.5', 'id.internal:8443']`. Default: none, because whoever can write the metadata could
   * send tokens to services that trust their network. Endpoints that are given need no entry.
   */
  readonly allowedHosts?: readonly string[]

  /** Whether an answer brings a new refresh token. Default `sometimes`. */
  readonly rotation: 'always' | 'sometimes' | 'never'
  /**
   * What the AS does with a spent refresh token. Default: not known, which is driven as `revokes`.
   *
   * After a lost answer or a crash the token is presented again as far as this makes it harmless:
   * at any time, inside the window, as long as no caller has its successor, or once.
   */
  readonly reuse?: Reuse
  /**
   * Whether the AS signs a user whose session there lives in without a page: `prompt=none` (OIDC
   * Core §3.1.2.1). Default: as discovered metadata says, else `false`.
   */
  readonly silentSignIn?: boolean
  /**
   * What to check where a sign-in brought no refresh token, for the error's message: sentences of
   * the description's own, the same for all users.
   */
  readonly missingRefreshToken?: string
  /** What becomes of the old access token. `dies`: no refreshing ahead. Default `lives`. */
  readonly oldAccessToken: 'lives' | 'dies'
  /** Whether refresh tokens can be guessed (a backend's own). Default `unguessable`. */
  readonly tokens: 'unguessable' | 'guessable'

  readonly request: {
    /** Default `POST`. */
    readonly method: 'POST' | 'GET'
    /**
     * How the parameters travel. Default `form` (RFC 6749 §6). `bearer`: the refresh token in the
     * `Authorization` header, the others as a form, or as a query with `GET`.
     */
    readonly format: 'form' | 'json' | 'query' | 'cookie' | 'bearer'
    /** The old access token is sent along in the `Authorization` header. */
    readonly bearer?: 'access_token'
    /**
     * Other names for the wire's parameters, e.g. `{ refresh_token: 'token' }`; `null` omits. The
     * old access token is sent along only where this names it: `{ access_token: 'accessToken' }`.
     */
    readonly names: Readonly<Record<string, string | null>>
    /** Extra parameters, sent with every refresh. */
    readonly parameters: Readonly<Record<string, string>>
    readonly headers: Readonly<Record<string, string>>
    /** The parameter that asks for an audience: RFC 8707 by default. */
    readonly audience: { readonly resource: string; readonly organization: string }
  }

  readonly response: {
    /** Lifetime of an access token when the answer does not say, milliseconds. */
    readonly accessLifetimeMs?: number
    /** Lifetime of a refresh token from the day of authorization, milliseconds. */
    readonly refreshLifetimeMs?: number
    /** Lifetime of a refresh token since its last use, milliseconds. */
    readonly refreshIdleMs?: number
    /**
     * Checks the body of a 2xx, and may transform it, before `read` is given both. It may throw,
     * reject, or take longer than the request has left: `read` then gets the body alone.
     */
    readonly validate?: (body: unknown) => unknown
    /**
     * Reads an answer that RFC 6749 §5.1 does not describe. Returns the members under their
     * standard names (`access_token`, `refresh_token`, `expires_in`, …), or `undefined` for "no
     * token set in it". `refresh_token: false`: the old one is not kept, and there is no new one.
     * One that throws, rejects, or takes longer than the request has left, counts as not there.
     */
    readonly read?: (answer: RawAnswer) => ReadAnswer | Promise<ReadAnswer>
    /**
     * Where an answer holds what RFC 6749 §5 has other names or places for, without a function: `{
     * access_token: 'data.accessToken', error: ['error', 'status'] }`. The first place that holds
     * something counts. Not used where there is a `read`.
     */
    readonly members?: Readonly<Record<string, string | readonly string[]>>
    /**
     * Words in an error's `error_description`, in any case of letters, that say more than its code,
     * to the code that they stand for: `{ 'refresh token has expired': 'invalid_grant' }`. The
     * first that fits counts. Not used where there is a `read`.
     */
    readonly codes?: Readonly<Record<string, string>>
  }

  /** Addresses that the AS gives up, or gave up. One of them as an endpoint is refused. */
  readonly retired?: readonly RetiredAddress[]

  /**
   * `error` code, HTTP status as a string, or both (`'403 access_denied'`), to what it means:
   * beside the codes of RFC 6749 §5.2, and before them. Both win over the code, and the code over
   * the status.
   */
  readonly failures: Readonly<Record<string, Failure>>

  /** The day on which the description was last held against its sources, `YYYY-MM-DD`, or `''`. */
  readonly verifiedAt: string
}

/** The part of a provider that differs from RFC 6749, for {@link defineProvider}. */
export type ProviderDescription = Pick<Provider, 'id'> &
  Partial<Omit<Provider, 'id' | 'request' | 'response'>> & {
    readonly request?: Partial<Provider['request']>
    readonly response?: Partial<Provider['response']>
  }

/** The axes that a user changes of a shipped provider: any of them. */
export type Overrides = Partial<ProviderDescription>

/** A token sent to the revocation endpoint (RFC 7009 §2.1). */
export interface Revocation {
  readonly token: Secret
  readonly hint: 'refresh_token' | 'access_token'
}

/** Whether a token may be presented again at any time: the AS neither replaces nor refuses it. */
export function isReusable({ rotation, reuse }: Pick<Provider, 'rotation' | 'reuse'>): boolean {
  return rotation === 'never' && reuse === 'accepted'
}

/** For how long after its first use a spent token is accepted, milliseconds. 0: not at all. */
export function reuseWindowMs({ reuse }: Pick<Provider, 'reuse'>): number {
  return typeof reuse === 'object' ? reuse.acceptedForMs : 0
}

const KEY: TableOf<Client['privateKey'] & object> = {
  key: needed(
    kind("a private CryptoKey: await crypto.subtle.importKey('pkcs8', …)", (value) => {
      // `instanceof` does not know the keys of other implementations.
      return Object.prototype.toString.call(value) === '[object CryptoKey]'
    }),
  ),
  kid: text(),
}

/**
 * What documents and templates write in the place of a value: a variable that no shell has
 * replaced; words in brackets; `YOUR_CLIENT_ID`; `changeme`; stars, which hide a secret. The first
 * are told by their case: `todo` may be the id of a client.
 */
const PLACEHOLDERS = [
  /^(?:\$[A-Z][A-Z\d_]*|%[A-Z][A-Z\d_]+%|__[A-Z][A-Z\d_]+__|CHANGE|X{3,}|None|[.*•]{3,}|…)$/,
  new RegExp(
    '^(?:\\$\\w*(?:client|secret|issuer)\\w*|(?:process|import\\.meta)\\.env\\b.*' +
      '|<[\\w .:|-]+>|\\$?[{[]{1,3}[a-z_ .:|-]+[}\\]]{1,3}' +
      '|(?:your|insert|enter|paste|replace)[ _-](?:[a-z\\d]+[ _-])*' +
      '(?:id|secret|key|issuer|domain|tenant)(?:[ _-]here)?|your(?:client|app)(?:id|secret)' +
      '|(?:change|replace)[ _-]?(?:me|this|it)|placeholder|redacted)$',
    'i',
  ),
]

/** A text that the application fills in: no placeholder. */
const filledIn = (write: string, fits?: (value: string) => boolean | string): Kind =>
  text(write, (value) => {
    return PLACEHOLDERS.some((each) => each.test(value))
      ? `holds a placeholder: write ${write}`
      : (fits?.(value) ?? true)
  })

const CLIENT: TableOf<Client> = {
  id: needed(filledIn('the client_id you registered')),
  secret: filledIn('the client_secret, or leave it out for a public client'),
  privateKey: kind('{ key, kid }', (value) => isRecord(value) && KEY),
  clientId: 'id',
  client_id: 'id',
  clientSecret: 'secret',
  client_secret: 'secret',
}

/** @throws {TypeError} For a client that cannot authenticate as the provider wants. */
export function checkClient(
  client: Client | undefined,
  { id, clientAuthentication: method }: Pick<Provider, 'id' | 'clientAuthentication'>,
): asserts client is Client {
  checkOptions(id, { client }, { client: CLIENT })
  if (typeof method !== 'string') return
  const { secret, privateKey } = client!
  if (method.startsWith('client_secret') && secret === undefined) {
    throw new TypeError(`${id}: '${method}' needs client.secret; a public client is 'none'`)
  }
  if (method === 'private_key_jwt' && privateKey === undefined) {
    throw new TypeError(`${id}: 'private_key_jwt' needs client.privateKey`)
  }
  if (method === 'none' && secret !== undefined) {
    throw new TypeError(
      `${id}: clientAuthentication 'none' sends no client.secret: leave it out, or write ` +
        "'client_secret_basic' or 'client_secret_post'",
    )
  }
}

/** Stands for the client, in the ledger, where the description has no place for one. */
export function nameless({ id, clientAuthentication, request }: Provider): Client | undefined {
  return clientAuthentication === 'none' && request.names['client_id'] === null ? { id } : undefined
}
