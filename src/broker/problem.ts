import { isFinalCode, PROBLEMS, type ErrorCode, type RefreshError } from '../core/errors.ts'

/** What a broker answers in place of a token (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  /** Whether only a new sign-in helps: then deposit its tokens. */
  readonly needs_sign_in: boolean
  readonly detail?: string
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Problems of the broker itself. Those of a refresh have the codes of `RefreshError`. */
const OWN = {
  unauthorized: [401, 'The bearer token is missing, or no client has it.'],
  forbidden: [403, 'This client may not use this grant.'],
  not_found: [404, 'There is nothing under this path: docs/guides/broker.md lists them.'],
  no_grant: [404, 'No tokens are deposited under this id.'],
  method_not_allowed: [405, 'The path does not take this method.'],
  too_large: [413, 'The body is larger than 64 KiB.'],
  bad_request: [400, 'The request cannot be read.'],
  bad_id: [400, 'An id is 1 to 128 letters, digits and the signs . _ : @ + -'],
  unknown_provider: [422, 'The broker has no provider of this name.'],
  no_refresh_token: [422, 'The tokens hold no refresh token, so they cannot be renewed.'],
} as const

type OwnCode = keyof typeof OWN

/** A request that is answered with a problem. */
export class BrokerProblem extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

/** Makes a problem of the broker's own. */
export function ownProblem(
  code: OwnCode,
  detail?: string,
  headers?: Readonly<Record<string, string>>,
): BrokerProblem {
  const [status, title] = OWN[code]
  return new BrokerProblem({
    status,
    code,
    title,
    needs_sign_in: false,
    ...(detail !== undefined && { detail }),
    ...(headers && { headers }),
  })
}

/** The configuration of the broker is wrong, not the request: an operator must look. */
const OPERATORS: readonly ErrorCode[] = [
  'wrong_issuer',
  'provider_mismatch',
  'refused',
  'misconfigured',
  'store_evicts',
  'row_unreadable',
  'ledger_mismatch',
  'internal',
]

/** How long a client waits by default before it asks again, seconds. */
const RETRY_S = 2

/** The problem of a refresh that brought no usable token. */
export function problemOf(error: RefreshError, needsSignIn: boolean, nowMs: number): Problem {
  const { code, hint, retryAtMs } = error
  const about = {
    code,
    title: PROBLEMS[code],
    needs_sign_in: needsSignIn,
    ...(hint !== undefined && { detail: hint }),
  }
  if (needsSignIn || isFinalCode(code)) return { status: 410, ...about }
  if (code === 'invalid_tokens') return { status: 422, ...about }
  if (OPERATORS.includes(code)) return { status: 502, ...about }
  const waitMs = retryAtMs === undefined ? RETRY_S * 1000 : Math.max(retryAtMs - nowMs, 1000)
  return { status: 503, ...about, retryAfter: Math.ceil(waitMs / 1000) }
}
