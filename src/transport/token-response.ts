import { isRecord, memberAt, ownField, readText } from '../core/text.ts'
import { FAILURES, failedPresentation, STANDARD_ERRORS } from '../core/failure.ts'
import type { Failure, Presentation } from '../core/failure.ts'
import type { Provider, RawAnswer } from '../core/provider.ts'
import { readTokenResponse, withUsability, type TokenResponse } from '../core/token-response.ts'
import { retryAfterMs } from './send.ts'
import { UNSENT } from './unsent.ts'
import type { HttpReply } from './send.ts'
import { jwtClaims } from '../core/jwt.ts'
import type { Secret } from '../core/secret.ts'
import type { Audience } from '../core/tokens.ts'
import type { Clock } from '../core/clock.ts'
import { within } from '../core/clock.ts'

/** Matches plain words, as every registered error is. An echoed token must not be printed. */
const PLAIN_CODE = /^(?=.{1,40}$)[a-z]+(?:[_.-][a-z]+)*$/i

/** The refresh token to present, and what its answer is compared to. */
export interface PresentedTokens {
  readonly refreshToken: Secret
  readonly audience: Audience
  /** The ID token of the set that is renewed: its `sub` must not change (OIDC Core §12.2). */
  readonly idToken?: Secret | undefined
  /** Of the access token that is renewed: another type is not handed out. */
  readonly tokenType?: string | undefined
  /** For backends that want the old access token beside the refresh token. */
  readonly accessToken?: Secret | undefined
}

interface PresentationContext {
  readonly provider: Provider
  readonly presented: PresentedTokens
  readonly origin: string
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/**
 * Tells from the reply how a presentation ended.
 *
 * An answer is read by its members, never by its form: oauth4webapi's readers throw on a 200 they
 * dislike, when the token is spent, and hide a JSON error behind `WWW-Authenticate`.
 */
export function interpretResponse(reply: HttpReply, context: PresentationContext): Presentation {
  const { origin, provider, presented, nowMs } = context
  if (!reply.answered) {
    const about = { origin, ...(reply.hint !== undefined && { hint: reply.hint }) }
    return reply.unsent
      ? failedPresentation('deferred', { code: 'unreachable', ...about })
      : failedPresentation('unknown', about)
  }
  const { answer } = reply
  const { status } = answer
  const members = readMembers(reply, provider)
  if (status >= 200 && status < 300 && members !== undefined) {
    const { accessLifetimeMs } = provider.response
    const response = readTokenResponse(members, { nowMs, accessLifetimeMs })
    if (response !== undefined) {
      const continued = checkIdTokenContinuity(response, presented.idToken)
      return { outcome: 'granted', response: withUsability(continued, presented.tokenType) }
    }
  }
  const challenge = answer.headers.get('www-authenticate') ?? ''
  const error = errorCodeOf(members ?? answer.body) ?? OF_A_PROOF.exec(challenge)?.[1]
  const waitMs = retryAfterMs(answer.headers, nowMs)
  const failure = failureOf(reply, error, waitMs !== undefined, provider)
  const mayWait = waitMs !== undefined && FAILURES[failure].next === 'wait'
  return failedPresentation(failure, {
    ...(mayWait && { retryAfterMs: waitMs }),
    ...(status === 407 && failure === 'deferred' && { code: 'unreachable', hint: UNSENT.proxy }),
    status,
    origin,
    ...printable(error, provider, presented),
  })
}

/**
 * Reads an answer under standard names. If the provider's reader finds no token set, the answer
 * holds none. If it throws, the body is read as RFC 6749 has it: a bug in a description must not
 * cost a token that we can read ourselves.
 */
function readMembers(
  reply: Extract<HttpReply, { answered: true }>,
  { response }: Provider,
): Record<string, unknown> | undefined {
  const { answer } = reply
  const body = isRecord(answer.body) ? answer.body : undefined
  if (response.read === undefined) return body && withOwnNames(body, response)
  try {
    const read: unknown = 'read' in reply ? reply.read : response.read(answer)
    if (isRecord(read)) return read
    return body && { error: ownField(body, 'error'), errors: ownField(body, 'errors') }
  } catch {
    return body
  }
}

/** The members of a body under their standard names, as the provider's description finds them. */
function withOwnNames(
  body: Record<string, unknown>,
  { members = {}, codes = {} }: Provider['response'],
): Record<string, unknown> {
  const found = Object.entries(members).map(([name, places]) => {
    const values = [places].flat().map((place) => memberAt(body, place) ?? undefined)
    const value = values.find((each) => each !== undefined && each !== '')
    return [name, name === 'error' && typeof value === 'number' ? String(value) : value] as const
  })
  const read: Record<string, unknown> = { ...body, ...Object.fromEntries(found) }
  const said = readText(ownField(read, 'error_description'))?.toLowerCase()
  const code = Object.entries(codes).find(([words]) => said?.includes(words.toLowerCase()))?.[1]
  return code === undefined ? read : { ...read, error: code }
}

/**
 * Finds the class of a failure. The provider's description goes before the RFC; status and code
 * together before the code alone, and the code before the status.
 *
 * A status is no proof of what became of the token, with these exceptions:
 *
 * - 407 comes from a proxy, which has not passed the request on (RFC 9110 §15.5.8).
 * - 429: the request was not looked at, even if the body says otherwise.
 * - 503 with `Retry-After`: the server did not handle the request, and says when it will (RFC 9110
 *   §15.6.4, §10.2.3). Without it, or with a code of the RFC beside it, it proves nothing.
 * - 401 that says nothing more: RFC 6749 §5.2 knows it for a client that did not authenticate only,
 *   and "the request has not been applied" (RFC 9110 §15.5.2). One that speaks of the token comes
 *   from a server that has looked at it.
 *
 * Any other 5xx proves nothing even with a code: the AS says that it does not know what it does.
 */
function failureOf(
  reply: Extract<HttpReply, { answered: true }>,
  error: string | undefined,
  asksToWait: boolean,
  { failures }: Provider,
): Failure {
  const { status } = reply.answer
  const described = (name: string): Failure | undefined =>
    Object.hasOwn(failures, name) ? failures[name] : undefined
  const standard = error === undefined ? undefined : STANDARD_ERRORS.get(error)
  const isUnhandled = status === 503 && asksToWait && standard === undefined
  const isDeferred = status === 407 || status === 429 || isUnhandled
  return (
    (error === undefined ? undefined : (described(`${status} ${error}`) ?? described(error))) ??
    (isDeferred || status >= 500 ? undefined : standard) ??
    described(String(status)) ??
    (isDeferred ? 'deferred' : undefined) ??
    (status === 401 && error === undefined && !isAboutToken(reply) ? 'refused_before' : 'unknown')
  )
}

/** Where servers put the code into an object, in the order in which it is looked for. */
const CODE_MEMBERS = ['code', 'error', 'errors', 'type', 'status'] as const

/** Objects lie in objects; deeper ones are not read. */
const DEPTH_MAX = 4

/**
 * The error code of an answer: the text of `error` (RFC 6749 §5.2), or the one that stands inside,
 * for servers that put an object or a list there, or call the member `errors`.
 *
 * @param members Those of the answer; or the answer, if it is a list.
 * @returns `undefined` if there is none, or if a list holds several.
 */
function errorCodeOf(members: unknown): string | undefined {
  if (!isRecord(members)) return codeIn(members, DEPTH_MAX)
  return (
    codeIn(ownField(members, 'error'), DEPTH_MAX) ?? codeIn(ownField(members, 'errors'), DEPTH_MAX)
  )
}

function codeIn(value: unknown, depth: number): string | undefined {
  if (depth === 0) return undefined
  if (Array.isArray(value)) {
    const codes = new Set(value.map((each) => codeIn(each, depth - 1)))
    return codes.size === 1 ? [...codes][0] : undefined
  }
  if (!isRecord(value)) return readText(value)
  for (const name of CODE_MEMBERS) {
    const code = codeIn(ownField(value, name), depth - 1)
    if (code !== undefined) return code
  }
  return undefined
}

/** Matches words that a party which never looked at the token does not use, and codes as text. */
const OF_A_TOKEN = /token|grant|session|expired|revoked|\b(?:re)?used\b|"(?:error_?)?code"\s*:\s*"/i

/** Matches the beginning of a web page, and of XML only if it is one. */
const PAGE = new RegExp(
  '^(?:<\\?xml[^>]*>\\s*|<!--[^]*?-->\\s*)*' +
    '<(?:!doctype|html|head|body|title|h\\d|center|div|p)\\b',
  'i',
)

/** What a challenge says of a DPoP proof (RFC 9449 §9), for servers that say it there only. */
const OF_A_PROOF = /\berror\s*=\s*"?(use_dpop_nonce|invalid_dpop_proof)\b/

/** The `error` of a challenge (RFC 6750 §3), unless it speaks of the client. */
const CHALLENGE = /\berror\s*=\s*"?(?!(?:invalid|unauthorized)_client\b)[\w.-]/i

/**
 * Whether an answer speaks of the token, in whatever form. Its sender has looked at the token then,
 * and may have consumed it. A web page does not count: gateways send pages, and pages hold tokens
 * of their own.
 */
function isAboutToken({ answer, text = '' }: Extract<HttpReply, { answered: true }>): boolean {
  const { body, headers } = answer
  const isPage = PAGE.test(text.trimStart())
  return (
    (isRecord(body) && ['error', 'errors'].some((name) => isSaid(ownField(body, name)))) ||
    (!isPage && OF_A_TOKEN.test(text)) ||
    CHALLENGE.test(headers.get('www-authenticate') ?? '')
  )
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** The `error` of an answer, if it is known or a plain word, and not a token that was sent. */
function printable(
  error: string | undefined,
  { failures }: Provider,
  { refreshToken, accessToken, idToken }: PresentedTokens,
): { oauthError?: string } {
  if (error === undefined) return {}
  const isKnown = STANDARD_ERRORS.has(error) || Object.hasOwn(failures, error)
  const isToken = [refreshToken, accessToken, idToken].some((token) => token?.expose() === error)
  return isKnown || (PLAIN_CODE.test(error) && !isToken) ? { oauthError: error } : {}
}

/**
 * Compares the ID token of an answer to the one of the set that is renewed: "its iss Claim Value
 * MUST be the same", "its sub Claim Value MUST be the same".
 *
 * Never throws: the tokens beside it have come, and the old ones are spent. An ID token that does
 * not fit is dropped; another `sub` withholds the set. Signature, `aud` and `exp` are not checked:
 * the ID token came from the AS itself (OIDC Core §3.1.3.7, 6.), and a host clock that is wrong
 * must not cost it.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
 */
function checkIdTokenContinuity(
  response: TokenResponse,
  before: Secret | undefined,
): TokenResponse {
  const { idToken, ...rest } = response
  const claims = idToken && jwtClaims(idToken.expose())
  const sub = claims && ownField(claims, 'sub')
  if (typeof sub !== 'string') return rest
  const old = before && jwtClaims(before.expose())
  if (old === undefined) return response
  // Without the new ID token: the next refresh shall be held against the old one, too.
  if (ownField(old, 'sub') !== sub) return { ...rest, withheld: 'subject_changed' }
  return ownField(old, 'iss') === ownField(claims!, 'iss') ? response : rest
}

/**
 * Adds to the reply what the provider's `validate` makes of the body of a 2xx, and what its `read`
 * makes of the answer.
 *
 * The token is spent by now. If one of them throws, rejects or never ends, the body counts as it
 * came.
 *
 * @param timeoutMs What is left of the request's time, milliseconds.
 * @returns Never rejects.
 */
export async function validated(
  reply: HttpReply,
  { response: { validate, read } }: Provider,
  clock: Clock,
  timeoutMs: number,
): Promise<HttpReply> {
  if (!reply.answered) return reply
  const endsAt = clock.monotonic() + timeoutMs
  const { answer } = reply
  const isGranted = answer.status >= 200 && answer.status < 300
  const check = async (): Promise<RawAnswer> => ({
    ...answer,
    validated: await validate?.(answer.body),
  })
  const whole = () => answer
  const checked =
    validate !== undefined && isGranted
      ? await within(clock, timeoutMs, check, whole).catch(whole)
      : answer
  if (read === undefined) return { ...reply, answer: checked }
  const body = (): unknown => answer.body
  let made: unknown
  try {
    made = read(checked)
  } catch {
    made = body()
  }
  // A timer for a reader that is asynchronous only, which it need not be.
  const isPromise = typeof made === 'object' && made !== null && 'then' in made
  const leftMs = endsAt - clock.monotonic()
  const awaited = isPromise ? within(clock, leftMs, async () => made, body).catch(body) : made
  return { ...reply, answer: checked, read: await awaited }
}
