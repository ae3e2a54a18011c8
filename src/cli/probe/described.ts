import { FAILURES, type Failure, type Presentation, STANDARD_ERRORS } from '../../core/failure.ts'
import type { Provider, ProviderDescription } from '../../core/provider.ts'
import type { ErrorAnswer, ServerDescription, Wire } from '../../testing/authorization-server.ts'
import { interpretResponse } from '../../transport/token-response.ts'
import type { Recorded, Measurements, RecordedKind } from './rotation.ts'
import type { CredentialsAnswer, MemberPath } from '../../../providers/credentials/response.ts'
import { isRecord } from '../../core/text.ts'
import { jwtClaims } from '../../core/jwt.ts'
import type { Exchange } from './presenting.ts'
import { sanitised } from './sanitised.ts'
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
  { answer: { body, headers }, presentation, token }: Exchange,
  places: CredentialsAnswer | undefined,
): Partial<Wire> {
  if (!isRecord(body) || presentation.outcome !== 'granted') return {}
  const type = body['token_type']
  const tokenType = type === 'Bearer' || type === 'bearer' ? type : undefined
  const expiresIn = typeof member(body, places?.expiresIn ?? 'expires_in')
  const isForm = headers.get('content-type')?.includes('x-www-form-urlencoded') === true
  const isJwt = jwtClaims(presentation.response.access.token.expose()) !== undefined
  const others = [...STANDARD, ...Object.values(places ?? {}).map(firstOf)]
  const members = otherThan(others, body, namesOf(presentation, token))
  return {
    ...(type === undefined ? { tokenType: 'absent' } : tokenType && { tokenType }),
    expiresIn: expiresIn === 'string' || expiresIn === 'number' ? expiresIn : 'absent',
    accessToken: isJwt ? 'jwt' : 'opaque',
    ...(isForm && { format: 'form' }),
    ...(Object.keys(members).length > 0 && { members }),
  }
}

function errorOf(
  { answer, presentation, token }: Exchange,
  places: CredentialsAnswer | undefined,
): ErrorAnswer {
  const { status, headers } = answer
  const body = isRecord(answer.body) ? answer.body : {}
  const place = places?.error ?? 'error'
  const found = member(body, place)
  const names = namesOf(presentation, token)
  const error = typeof found === 'string' ? sanitised(found, names, 'error') : undefined
  const members = otherThan([firstOf(place), ...PROSE], body, names)
  const scheme = schemeOf(headers.get('www-authenticate'))
  return {
    status,
    ...(typeof error === 'string' && { error }),
    ...(Object.keys(members).length > 0 && { members }),
    ...(scheme !== undefined && { headers: { 'www-authenticate': scheme } }),
  }
}

/** The other members, without what is somebody's. */
function otherThan(
  places: readonly string[],
  body: Record<string, unknown>,
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const others = Object.entries(withoutMoments(body) as object).filter(
    ([name]) => !places.includes(name),
  )
  return sanitised(Object.fromEntries(others), names) as Record<string, unknown>
}

/** Epoch seconds or milliseconds, from 2001 to 2128. */
const EPOCH = /^[1-4]\d{9}(?:\d{3})?(?:\.\d+)?$/

/** ISO 8601, and dates of HTTP (RFC 9110 §5.6.7). */
const DATED = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d/

/** No member of an answer lies deeper: {@link sanitised} looks no further. */
const DEPTH_MAX = 16

/** A body without the moments that it names: they are of the day, and no constants. */
function withoutMoments(body: unknown, depth = 0): unknown {
  if (depth === DEPTH_MAX) return body
  const inner = (value: unknown): unknown => withoutMoments(value, depth + 1)
  if (Array.isArray(body)) return body.filter((each) => !isMoment(each)).map(inner)
  if (!isRecord(body)) return body
  const others = Object.entries(body).filter(([, value]) => !isMoment(value))
  return Object.fromEntries(others.map(([name, value]) => [name, inner(value)]))
}

function isMoment(value: unknown): boolean {
  if (typeof value !== 'number' && typeof value !== 'string') return false
  const text = String(value)
  return EPOCH.test(text) || (text.length < 1_000 && DATED.test(text))
}

/** The member of the body that a place is in. */
function firstOf(place: MemberPath): string {
  return typeof place === 'string' ? place.split('.')[0]! : ''
}

function member(body: Record<string, unknown>, place: MemberPath): unknown {
  if (typeof place !== 'string') return undefined
  return place.split('.').reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), body)
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
  const names = namesOf(presentation, token)
  const kept = HEADERS.flatMap((name) => {
    const value = headers.get(name)
    const kept = name === 'www-authenticate' ? schemeOf(value) : value
    const isShown = kept != null && ![...names.keys()].some((each) => kept.includes(each))
    return isShown ? [[name, kept]] : []
  })
  const body = sanitised(answer.body, names)
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

/** The scheme of a challenge (RFC 9110 §11.6.1); nothing else of it is kept. */
function schemeOf(challenge: string | null): string | undefined {
  return challenge === null ? undefined : /^[a-z-]{1,20}(?= |$)/i.exec(challenge)?.[0]
}

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
