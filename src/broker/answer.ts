import type { ServerResponse } from 'node:http'
import { isRefreshError, RefreshError } from '../core/errors.ts'
import { readTokenSet } from '../core/field-styles.ts'
import type { Outcome, OutcomeState } from '../core/outcome.ts'
import { tokenSetFromResponse } from '../core/token-response.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { Refresher } from '../runtime/refresher.ts'
import type { HeldGrant } from './grants.ts'
import { BrokerProblem, ownProblem, problemOf } from './problem.ts'

/** An answer before it is written. */
export interface Answer {
  readonly status: number
  readonly body: object | string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly code?: string
}

export function answerOf(error: unknown, nowMs: number): Answer {
  const known = isRefreshError(error) ? error : new RefreshError('internal')
  const problem = error instanceof BrokerProblem ? error.problem : problemOf(known, false, nowMs)
  const { retryAfter, headers, ...body } = problem
  return {
    status: problem.status,
    body,
    code: problem.code,
    type: 'application/problem+json',
    headers: { ...headers, ...(retryAfter !== undefined && { 'retry-after': `${retryAfter}` }) },
  }
}

export function send(response: ServerResponse, { status, body, type, headers = {} }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': type ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(text)
}

/** RFC 6749 §5.1, without a refresh token, and with the end as epoch seconds. */
export function tokenBody(
  { accessToken, tokens }: Outcome & { readonly usable: true },
  nowMs: number,
) {
  const { expiresAtMs, scope, tokenType } = tokens
  // Of a token for another audience the set does not tell the end.
  const isDefault = accessToken === tokens.accessToken && expiresAtMs != null
  return {
    access_token: accessToken,
    token_type: tokenType ?? 'Bearer',
    ...(isDefault && {
      expires_in: Math.max(Math.floor((expiresAtMs - nowMs) / 1000), 0),
      expires_at: Math.floor(expiresAtMs / 1000),
    }),
    ...(scope != null && { scope }),
  }
}

export function shownGrant(
  id: string,
  { provider, tokens }: HeldGrant,
  state: OutcomeState | undefined,
) {
  const { expiresAtMs, refreshExpiresAtMs, obtainedAtMs } = tokens
  const seconds = (ms: number): number => Math.floor(ms / 1000)
  return {
    id,
    provider,
    state: state ?? 'unused',
    ...(obtainedAtMs != null && { obtained_at: seconds(obtainedAtMs) }),
    ...(expiresAtMs != null && { expires_at: seconds(expiresAtMs) }),
    ...(refreshExpiresAtMs != null && { refresh_expires_at: seconds(refreshExpiresAtMs) }),
  }
}

/** The tokens of a deposit: a token response as it came, or a set in any style. */
export function tokensIn(given: object, { provider }: Refresher, nowMs: number): TokenSet {
  const isResponse = 'access_token' in given && 'expires_in' in given && !('expires_at' in given)
  const { accessLifetimeMs } = provider.response
  const context = { nowMs, provider: provider.id, accessLifetimeMs }
  const tokens = isResponse ? tokenSetFromResponse(given, context) : readTokenSet(given).tokens
  if (tokens.refreshToken == null) {
    throw ownProblem('no_refresh_token', provider.missingRefreshToken)
  }
  return { obtainedAtMs: nowMs, ...tokens, provider: provider.id }
}
