import { FAILURES, type Failure, type Presentation, STANDARD_ERRORS } from '../../core/failure.ts'
import type { Provider, ProviderDescription } from '../../core/provider.ts'
import type { ErrorAnswer, ServerDescription, Wire } from '../../testing/authorization-server.ts'
import { interpretResponse } from '../../transport/token-response.ts'
import type { Recorded, Measurements, RecordedKind } from './rotation.ts'
import type { CredentialsAnswer, MemberPath } from '../../../providers/credentials/response.ts'
import { isRecord, ownField, readNumber, toBase64url } from '../../core/text.ts'
import { jwtClaims } from '../../core/jwt.ts'
import type { Exchange } from './presenting.ts'

import { Secret } from '../../core/secret.ts'

/** The server, as it was measured; what its file says already and was not measured stays. */
export function serverOf(
  { found, recorded }: Measurements,
  name: string,
  known: ServerDescription | undefined,
): ServerDescription {
  const values = found.flatMap(({ axis, value }) => (value === undefined ? [] : [[axis, value]]))
  const wire = wireOf(recorded, known?.wire)
  return { ...known, name, ...Object.fromEntries(values), wire }
}

/**
 * What a provider must say of such a server, by what was measured alone. A token that was kept each
 * time is not called one that never rotates: some servers replace it late in its life.
 */
export function providerOf(
  origin: ProviderDescription,
  { rotation, oldAccessToken, validates, wire }: ServerDescription,
  today: string,
): ProviderDescription {
  const failures = failuresOf({ validates, wire })
  return {
    ...origin,
    ...(rotation !== undefined && { rotation: rotation === 'never' ? 'sometimes' : rotation }),
    ...(oldAccessToken === 'dies' && { oldAccessToken }),
    ...(Object.keys(failures).length > 0 && { failures }),
    verifiedAt: today,
  }
}

/** Those errors that do not mean what RFC 6749 §5.2 says, or come earlier than is safe to think. */
function failuresOf({
  validates,
  wire: { dead, client, target } = {},
}: Pick<ServerDescription, 'validates' | 'wire'>): Readonly<Record<string, Failure>> {
  const failures: Record<string, Failure> = {}
  if (dead?.error !== undefined && (dead.error !== 'invalid_grant' || dead.status >= 500)) {
    failures[dead.error] = 'rejected'
  }
  // Without a code it would count as the client's fault, for which nobody is asked to sign in.
  if (dead?.error === undefined && dead?.status === 401) failures['401'] = 'rejected'
  // A code of its own, for a client that it does not know: it has not looked at the token.
  if (client?.error !== undefined && !STANDARD_ERRORS.has(client.error) && client.status < 500) {
    const isDistinct = client.error !== dead?.error && client.error !== target?.error
    if (isDistinct) failures[client.error] = 'refused_before'
  }
  if (validates === 'before_consuming' && target?.error !== undefined) {
    const isDistinct = target.error !== dead?.error && target.status < 500
    if (isDistinct) failures[target.error] = 'refused_before'
  }
  return failures
}

type Known = ServerDescription['wire']

/** Members of RFC 6749 §5.1 and OIDC that a described server writes by itself, or never. */
const STANDARD = ['access_token', 'refresh_token', 'expires_in', 'token_type', 'scope', 'id_token']

/** Said for people, in other words each time, or of one resource owner. */
const PROSE = ['error_description', 'error_uri', 'trace_id', 'correlation_id', 'timestamp']

/** How a server writes, by the answers that were seen. `known` is what its file says already. */
function wireOf(recorded: Recorded, known: Known): Known {
  const granted = recorded['granted-replaced'] ?? recorded['granted-kept']
  const dead = recorded['rejected-spent'] ?? recorded['rejected-unknown']
  const { 'refused-resource': target, 'refused-client': client } = recorded
  const error = (exchange: Exchange | undefined): ErrorAnswer | undefined =>
    exchange && errorOf(exchange, known?.answer)
  const wire = {
    ...known,
    ...(granted && grantedOf(granted, known?.answer)),
    dead: error(dead),
    client: error(client),
    target: error(target),
  }
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined))
}

function grantedOf(
  { answer: { body, headers }, presentation }: Exchange,
  places: CredentialsAnswer | undefined,
): Partial<Wire> {
  if (!isRecord(body) || presentation.outcome !== 'granted') return {}
  const type = body['token_type']
  const tokenType = type === 'Bearer' || type === 'bearer' ? type : undefined
  const expiresIn = typeof member(body, places?.expiresIn ?? 'expires_in')
  const isForm = headers.get('content-type')?.includes('x-www-form-urlencoded') === true
  const isJwt = jwtClaims(presentation.response.access.token.expose()) !== undefined
  const members = otherThan([...STANDARD, ...Object.values(places ?? {}).map(firstOf)], body)
  return {
    ...(type === undefined ? { tokenType: 'absent' } : tokenType && { tokenType }),
    expiresIn: expiresIn === 'string' || expiresIn === 'number' ? expiresIn : 'absent',
    accessToken: isJwt ? 'jwt' : 'opaque',
    ...(isForm && { format: 'form' }),
    ...(Object.keys(members).length > 0 && { members }),
  }
}

function errorOf({ answer }: Exchange, places: CredentialsAnswer | undefined): ErrorAnswer {
  const { status, headers } = answer
  const body = isRecord(answer.body) ? answer.body : {}
  const place = places?.error ?? 'error'
  const found = member(body, place)
  const error = typeof found === 'string' ? sanitised(found, new Map(), 'error') : undefined
  const members = otherThan([firstOf(place), ...PROSE], body)
  const scheme = headers.get('www-authenticate')?.split(' ')[0]
  return {
    status,
    ...(typeof error === 'string' && { error }),
    ...(Object.keys(members).length > 0 && { members }),
    ...(scheme !== undefined && { headers: { 'www-authenticate': scheme } }),
  }
}

/** The other members, without what is somebody's. */
function otherThan(names: readonly string[], body: Record<string, unknown>) {
  const others = Object.entries(body).filter(([name]) => !names.includes(name))
  return sanitised(Object.fromEntries(others), new Map()) as Record<string, unknown>
}

/** The member of the body that a place is in. */
function firstOf(place: MemberPath): string {
  return typeof place === 'string' ? place.split('.')[0]! : ''
}

function member(body: Record<string, unknown>, place: MemberPath): unknown {
  if (typeof place !== 'string') return undefined
  return place.split('.').reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), body)
}

/** Members whose values are the same for everybody, and are kept if they look like it. */
const COMMON: ReadonlySet<string> = new Set([
  'token_type',
  'expires_in',
  'expires_at',
  'refresh_expires_in',
  'refresh_token_expires_in',
  'not-before-policy',
  'scope',
  'error',
  'error_code',
  'error_description',
  'error_uri',
  'code',
  'message',
  'msg',
  'status',
  'ok',
])

/** Runs of characters that no word has, and every token; and addresses of mail. */
const LIKE_A_TOKEN = /[\w+/=~-]{20,}|\S+@\S+/

/** Words: a code, or a sentence. */
const WORDS = /^[a-z]{1,20}(?:[\s_.,:-]{1,2}[a-z]{1,20})*[.!]?$/i

/**
 * The body of an answer without what is somebody's: its shape stays.
 *
 * @param names Tokens of the exchange, and what stands in their place.
 */
function sanitised(body: unknown, names: ReadonlyMap<string, string>, name = ''): unknown {
  if (typeof body === 'string') return text(body, names, name)
  if (typeof body === 'number') return COMMON.has(name) ? body : 0
  if (Array.isArray(body)) return body.slice(0, 1).map((each) => sanitised(each, names, name))
  if (!isRecord(body)) return body ?? null
  return Object.fromEntries(
    Object.entries(body).map(([member, value]) => [member, sanitised(value, names, member)]),
  )
}

function text(value: string, names: ReadonlyMap<string, string>, name: string): string {
  const other = names.get(value)
  if (other !== undefined) return withClaims(value, other)
  const isKnown = [...names.keys()].some((token) => value.includes(token))
  const isHarmless = WORDS.test(value) || !LIKE_A_TOKEN.test(value)
  return COMMON.has(name) && !isKnown && isHarmless ? value : '[text]'
}

const encoder = new TextEncoder()

/** An access token that tells its lifetime goes on telling it: nothing else of it is kept. */
function withClaims(token: string, name: string): string {
  const claims = jwtClaims(token)
  const exp = claims && readNumber(ownField(claims, 'exp'))
  if (exp === undefined) return name
  const iat = readNumber(ownField(claims!, 'iat'))
  const part = (value: object): string => toBase64url(encoder.encode(JSON.stringify(value)))
  return `${part({ alg: 'none' })}.${part({ ...(iat !== undefined && { iat }), exp })}.${name}`
}

/** One recorded answer without tokens, and what it comes to. The refresh token is `rt-1`. */
export interface Fixture {
  readonly title: string
  readonly source: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** What refresh-once makes of it, whole. */
  readonly expected: Readonly<Record<string, unknown>>
}

const TITLES: Readonly<Record<RecordedKind, string>> = {
  'granted-replaced': 'the refresh token was replaced',
  'granted-kept': 'the refresh token was kept',
  'rejected-spent': 'a spent refresh token',
  'rejected-unknown': 'a refresh token that was made up',
  'refused-resource': 'a resource that the server does not know',
  'refused-scope': 'a scope that the server does not know',
  'refused-client': 'a client that the server does not know',
}

/** What tells how to read an answer; all other headers are of the day. */
const HEADERS = ['content-type', 'www-authenticate', 'retry-after']

/** The answers that were seen, by the name of their files. */
export function fixturesOf(
  recorded: Recorded,
  provider: Provider,
  today: string,
): ReadonlyMap<string, Fixture> {
  const shown = Object.entries(recorded) as [RecordedKind, Exchange][]
  return new Map(
    shown.map(([name, exchange]) => {
      const source = `refresh-once probe, ${today}`
      return [`${name}.json`, { title: TITLES[name], source, ...plain(exchange, provider) }]
    }),
  )
}

function plain({ answer, presentation, token }: Exchange, provider: Provider) {
  const { status, headers } = answer
  const kept = HEADERS.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, name === 'www-authenticate' ? schemeOf(value) : value]]
  })
  const body = sanitised(answer.body, namesOf(presentation, token))
  const shown = {
    status,
    headers: Object.fromEntries(kept) as Record<string, string>,
    body: body === null ? '' : body,
  }
  const presented = { refreshToken: new Secret('rt-1'), audience: {} }
  const context = { provider, presented, origin: '', nowMs: 0 }
  const again = { status, headers: new Headers(shown.headers), body }
  return {
    ...shown,
    expected: expectedOf(interpretResponse({ answered: true, answer: again }, context)),
  }
}

const schemeOf = (challenge: string): string => challenge.split(' ')[0]!

/** What stands in the place of each token. */
function namesOf(presentation: Presentation, token: string): ReadonlyMap<string, string> {
  const names = new Map([[token, 'rt-1']])
  if (presentation.outcome !== 'granted') return names
  const { access, refreshToken, idToken } = presentation.response
  names.set(access.token.expose(), 'at-2')
  if (idToken !== undefined) names.set(idToken.expose(), 'id-2')
  const came = refreshToken?.expose()
  return came === undefined || came === token ? names : names.set(came, 'rt-2')
}

function expectedOf(presentation: Presentation): Readonly<Record<string, unknown>> {
  if (presentation.outcome !== 'granted') {
    const { origin: _, failure, ...others } = presentation
    const isSpent = FAILURES[failure].settles === 'spent'
    return { ...others, ...(others.outcome === 'refused' && { consumed: isSpent }) }
  }
  const { access, refreshToken, idToken, isWithout } = presentation.response
  const { token, expiresAtMs, obtainedAtMs = 0, ...others } = access
  return {
    outcome: 'granted',
    accessToken: token.expose(),
    ...others,
    ...(expiresAtMs !== undefined && { expiresInMs: expiresAtMs - obtainedAtMs }),
    ...(refreshToken && { refreshToken: refreshToken.expose() }),
    ...(idToken && { idToken: idToken.expose() }),
    ...(isWithout && { isWithout }),
  }
}
