import { isRecord, ownField, readText } from '../core/text.ts'
import { FAILURES, failedPresentation, STANDARD_ERRORS } from '../core/failure.ts'
import type { Failure, Presentation } from '../core/failure.ts'
import type { Provider, RawAnswer } from '../core/provider.ts'
import { readTokenResponse, type TokenResponse } from '../core/token-response.ts'
import { retryAfterMs } from './send.ts'
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
    return reply.unsent
      ? failedPresentation('deferred', { code: 'unreachable', origin })
      : failedPresentation('unknown', { origin })
  }
  const { answer } = reply
  const { status } = answer
  const members = readMembers(answer, provider)
  if (status >= 200 && status < 300 && members !== undefined) {
    const { accessLifetimeMs } = provider.response
    const response = readTokenResponse(members, { nowMs, accessLifetimeMs })
    if (response)
      return { outcome: 'granted', response: checkIdTokenContinuity(response, presented.idToken) }
  }
  const error = members && readText(ownField(members, 'error'))
  const failure = failureOf(status, error, provider)
  const mayWait = FAILURES[failure].next === 'wait'
  const waitMs = mayWait ? retryAfterMs(answer.headers, nowMs) : undefined
  return failedPresentation(failure, {
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
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
  answer: RawAnswer,
  { response }: Provider,
): Record<string, unknown> | undefined {
  const body = isRecord(answer.body) ? answer.body : undefined
  if (response.read === undefined) return body
  try {
    const read: unknown = response.read(answer)
    return isRecord(read) ? read : body && { error: ownField(body, 'error') }
  } catch {
    return body
  }
}

/**
 * Finds the class of a failure. The provider's description goes before the RFC; status and code
 * together before the code alone, and the code before the status.
 *
 * A status is no proof of what became of the token, with two exceptions. 429: the request was not
 * looked at, even if the body says otherwise. 401 without a code: RFC 6749 §5.2 knows it for a
 * client that did not authenticate only, and "the request has not been applied" (RFC 9110 §15.5.2).
 * A 5xx proves nothing even with a code: the AS says that it does not know what it does.
 */
function failureOf(status: number, error: string | undefined, { failures }: Provider): Failure {
  const described = (name: string): Failure | undefined =>
    Object.hasOwn(failures, name) ? failures[name] : undefined
  const isStandard = error !== undefined && status !== 429 && status < 500
  return (
    (error === undefined ? undefined : (described(`${status} ${error}`) ?? described(error))) ??
    (isStandard ? STANDARD_ERRORS.get(error) : undefined) ??
    described(String(status)) ??
    (status === 429 ? 'deferred' : undefined) ??
    (status === 401 && error === undefined ? 'refused_before' : 'unknown')
  )
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
 * Adds to the reply what the provider's `validate` makes of the body of a 2xx.
 *
 * The token is spent by now. If the validation throws, rejects or never ends, the reply stays as it
 * came.
 *
 * @param timeoutMs What is left of the request's time, milliseconds.
 * @returns Never rejects.
 */
export async function validated(
  reply: HttpReply,
  { response: { validate } }: Provider,
  clock: Clock,
  timeoutMs: number,
): Promise<HttpReply> {
  if (validate === undefined || !reply.answered) return reply
  const { answer } = reply
  if (answer.status < 200 || answer.status > 299) return reply
  const check = async (): Promise<HttpReply> => {
    const output = await validate(answer.body)
    return { answered: true, answer: { ...answer, validated: output } }
  }
  return within(clock, timeoutMs, check, () => reply).catch(() => reply)
}
