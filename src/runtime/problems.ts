import type { Problem } from '../../machines/types.ts'
import { isRefreshError, RefreshError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'

/** Codes under which waiting cannot help, unless the problem itself says so. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'invalid_tokens',
  'no_refresh_token',
  'rejected',
  'expired',
  'replay',
  'revoked',
  'unknown',
  'subject_changed',
  'lost',
  'wrong_issuer',
])

export function isFinal({ code, isFinal: said }: Problem): boolean {
  return said ?? FINAL.has(code)
}

/** What something threw, as a problem. Whatever is not our own error is a bug, and says nothing. */
export function problemOf(error: unknown): Problem {
  if (!isRefreshError(error)) return { code: 'internal' }
  const { code, store, field, hint } = error
  return {
    code,
    ...(store !== undefined && { store }),
    ...(field !== undefined && { field }),
    ...(hint !== undefined && { hint }),
  }
}

export function errorOf(
  problem: Problem,
  provider: string,
  retryAtMs: number | undefined,
): RefreshError {
  const { code, isFinal: _, ...details } = problem
  return new RefreshError(code, { ...details, provider, retryAtMs })
}
