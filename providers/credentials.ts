import { answerReader, type CredentialsAnswer } from './credentials/response.ts'
import { requestOf, type CarriedRequest } from './credentials/request.ts'
import { checkOptions, each, kind, needed, oneOf, or, text } from '../src/core/check-options.ts'
import type { OptionTable, TableOf } from '../src/core/check-options.ts'
import { systemClock } from '../src/core/clock.ts'
import { checkUrl, defineProvider, descriptionOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'
import { WORDS } from '../src/core/provider-words.ts'
import { isRecord } from '../src/core/text.ts'
import { readSignIn } from './credentials/sign-in.ts'
import type { TokenSet } from '../src/core/token-set.ts'

type Foreign = 'issuer' | 'discovery' | 'tokenEndpoint' | 'clientAuthentication'

/** Your own backend: where it refreshes, how it is asked, what it answers. */
export interface CredentialsDescription
  extends CarriedRequest, Omit<Overrides, Foreign | 'request' | 'response'> {
  /** Where refresh tokens are presented, and the only place they are sent to. */
  readonly url: string
  readonly answer: CredentialsAnswer
  /**
   * Checks the body of a 2xx before `answer` finds its way in what the schema makes of it. One that
   * refuses or fails loses no tokens: they are then looked for in the body as it came.
   */
  readonly schema?: StandardSchema
  /** Lifetimes that the answers do not tell, milliseconds. Default: unknown. */
  readonly lifetimes?: Omit<Provider['response'], 'validate' | 'read'>
}

/** A provider that also reads the answer to a sign-in. */
export interface CredentialsProvider extends Provider {
  /** Where an answer holds its members, as it was described. `fuzz` plays a server like that. */
  readonly answer: CredentialsAnswer
  /**
   * The token set of the answer to a sign-in, which must have the form of an answer to a refresh.
   *
   * @param response Its body can still be read afterwards.
   * @param nowMs When it arrived, epoch milliseconds. Default: now.
   * @throws {RefreshError} `refused` for a status other than 2xx, `invalid_tokens` for an answer
   *   without access token. It prints nothing of the answer but its status.
   */
  signIn(response: Response, nowMs?: number): Promise<TokenSet>
}

const place = or(text("the name of a member: 'data.token'"), '{ cookie }', (value) => {
  return isRecord(value) && { cookie: needed(text()) }
})

const ANSWER: TableOf<CredentialsAnswer> = {
  accessToken: needed(place),
  refreshToken: place,
  expiresIn: place,
  expiresAt: place,
  refreshExpiresIn: place,
  idToken: place,
  scope: place,
  error: place,
}

const { request: _, response, answer: __, ...AXES } = WORDS
const { validate: ___, read: ____, ...LIFETIMES } = response as OptionTable

/** What a description may say. How the token is carried is checked where the request is made. */
const WORDS_OF_YOURS: TableOf<CredentialsDescription> = {
  url: needed(text("a whole URL: 'https://…'")),
  carry: kind('{ json }, { form }, { cookie } or { bearer: true }', isRecord),
  answer: ANSWER,
  method: oneOf('POST', 'GET'),
  body: each(needed(text())),
  headers: kind('an object of texts', isRecord),
  schema: kind('a schema: z.object(…)', (value) => '~standard' in Object(value)),
  lifetimes: LIFETIMES,
  ...AXES,
}

const EXAMPLE = 'defined: the backend that the parameters describe, as an example'

/**
 * Your own backend, described, not coded.
 *
 * Deviations from RFC 6749:
 *
 * - §6: nothing is sent but the refresh token and what you describe: no `grant_type`, no client.
 * - §5.1: the members have the names and places that you describe.
 * - §5.2: there is no client to authenticate, so a 401 speaks of the token: `rejected`.
 */
export const facts = {
  id: 'credentials',
  name: 'Your own backend',
  for: 'your own backend, described',
  parameters: {
    url: { is: 'url', example: 'https://api.example.com/refresh' },
    carry: { is: 'description', example: { json: 'userRefreshToken' } },
    answer: {
      is: 'description',
      example: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
    },
  },
  tokenEndpoint: '{url}',
  revocationEndpoint: null,
  clientAuthentication: 'none',
  tokens: 'guessable',
  // `always` where the answer's refresh token is a member of the body.
  rotation: 'sometimes',
  failures: { 401: 'rejected' },
  played: { rotation: 'always' },
  wire: {
    carry: { json: 'userRefreshToken' },
    answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
    accessToken: 'jwt',
    expiresIn: 'absent',
    tokenType: 'absent',
    dead: { status: 401, members: { message: 'jwt expired' } },
    client: { status: 403 },
  },
  verifiedAt: '2026-11-21',
} as const satisfies ProviderFacts

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: EXAMPLE,
      status: 200,
      body: { userToken: 'at-2', userRefreshToken: 'rt-2' },
      ends: 'granted',
      reads: { accessToken: 'at-2', refreshToken: 'rt-2' },
    },
    {
      title: 'the same refresh token comes back: it is kept',
      source: EXAMPLE,
      status: 200,
      body: { userToken: 'at-2', userRefreshToken: 'rt-1' },
      ends: 'granted',
      reads: { accessToken: 'at-2', refreshToken: 'rt-1' },
    },
    {
      title: "the new refresh token is 'undefined', by a bug of the backend",
      source: EXAMPLE,
      status: 200,
      body: { userToken: 'at-2', userRefreshToken: 'undefined' },
      ends: 'granted',
      reads: { accessToken: 'at-2', isWithout: true },
    },
    {
      title: 'the new refresh token is no text: the old one is not taken for kept',
      source: EXAMPLE,
      status: 200,
      body: { userToken: 'at-2', userRefreshToken: { value: 'rt-2' } },
      ends: 'granted',
      reads: { accessToken: 'at-2', isWithout: true },
    },
    {
      title: 'a 401 without a code: no client was authenticated, so it speaks of the token',
      source: EXAMPLE,
      status: 401,
      body: { message: 'jwt expired' },
      ends: 'rejected',
    },
    {
      title: 'a 429',
      source: EXAMPLE,
      status: 429,
      body: { message: 'slow down' },
      ends: 'deferred',
    },
    {
      title: 'a 200 without an access token',
      source: EXAMPLE,
      status: 200,
      body: { userRefreshToken: 'rt-2' },
      ends: 'unknown',
    },
    {
      title: 'a 500: the token may be spent',
      source: EXAMPLE,
      status: 500,
      body: { error: 'database' },
      ends: 'unknown',
    },
  ],
  sources: {
    tokenEndpoint: 'defined: the backend has one endpoint that refreshes',
    revocationEndpoint: 'defined: the backend is described without one',
    clientAuthentication: 'defined: the backend knows no OAuth clients',
    tokens: 'defined: the backend makes its own refresh tokens',
    rotation: 'defined: the factory reads it from `answer`',
    failures: 'defined: there is no client that a 401 could speak of',
    played: EXAMPLE,
    wire: EXAMPLE,
  },
} as const satisfies ProviderEvidence

/**
 * Your own backend, described, not coded.
 *
 * `rotation` is `always` where `answer.refreshToken` names a member of the body, so that a wrong
 * name is not taken for a token that was kept; else `sometimes`. `tokens` are `guessable`.
 *
 * @throws {TypeError} For a description that could not be carried out; says what to write instead.
 */
export function credentials(description: CredentialsDescription): CredentialsProvider {
  const named = isRecord(description) && typeof description.id === 'string' ? description.id : ''
  checkOptions(named || 'credentials', description, WORDS_OF_YOURS)
  const { url, method, carry, body, headers, answer, schema, lifetimes, ...axes } = description
  const { id = 'credentials', insecure = false } = axes
  checkUrl(id, 'url', url, insecure)
  const request = requestOf(id, { method, carry, body, headers })
  const cookie = 'cookie' in carry ? carry.cookie : undefined
  const refreshToken = answer.refreshToken ?? (cookie === undefined ? undefined : { cookie })
  if (refreshToken === undefined && axes.rotation !== 'never') {
    throw new TypeError(`${id}: answer.refreshToken is missing: write it, or rotation: 'never'`)
  }
  const places = { ...answer, ...(refreshToken !== undefined && { refreshToken }) }
  const provider = defineProvider(
    {
      ...descriptionOf({ ...facts, id }, { url }),
      rotation: typeof refreshToken === 'string' ? 'always' : 'sometimes',
      // The facts are held against nothing: the description is the user's.
      verifiedAt: '',
      request,
      response: {
        ...lifetimes,
        read: answerReader(places, { echoes: cookie, isValidated: schema !== undefined }),
        ...(schema !== undefined && { validate: (value) => outputOf(schema, value) }),
      },
    },
    axes,
  )
  const signIn: CredentialsProvider['signIn'] = (response, nowMs = systemClock.now()) =>
    readSignIn(response, provider, answer.accessToken, nowMs)
  return Object.freeze({ ...provider, answer: Object.freeze(places), signIn })
}

/**
 * A schema of zod, zod/mini, valibot, arktype or any other library that keeps to Standard Schema 1.
 * By its type only: nothing is imported.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>
  }
}

type SchemaResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly unknown[] }

/**
 * What a schema makes of a value.
 *
 * @throws {Error} For issues, of which nothing is told: they may hold what was validated.
 */
async function outputOf(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues !== undefined) throw new Error('The schema refuses the value.')
  return result.value
}
