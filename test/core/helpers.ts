import * as fc from 'fast-check'
import { isRefreshError, type RefreshError } from '../../src/core/errors.ts'

/** 2025-10-09, epoch milliseconds. */
export const NOW_MS = 1_760_000_000_000

/** A signed JWT as far as its claims go: the signature is none. */
export function jwt(claims: unknown): string {
  return jwtOf(JSON.stringify(claims))
}

/** A JWT with whatever bytes or text in the place of its claims. */
export function jwtOf(claims: string | Uint8Array): string {
  return `${encoded('{"alg":"RS256"}')}.${encoded(claims)}.${encoded('signature')}`
}

/** A text of the shape of `grant`: what 32 bytes come to. */
export function grantText(bytes: Uint8Array, generation: number): string {
  return `${encoded(bytes)}.${generation}`
}

/** Every field of a token set at once, times in whole seconds, none of them poisoned. */
export const tokenSets = fc.record(
  {
    accessToken: token('at'),
    refreshToken: token('rt'),
    expiresAtMs: instant(),
    refreshExpiresAtMs: instant(),
    obtainedAtMs: instant(),
    authorizedAtMs: instant(),
    idToken: token('id'),
    scope: fc.constantFrom('openid', 'openid profile offline_access'),
    tokenType: fc.constantFrom('Bearer', 'bearer', 'DPoP'),
    grant: fc
      .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat())
      .map(([bytes, generation]) => grantText(bytes, generation)),
    provider: fc.constantFrom('logto', 'github'),
  },
  { requiredKeys: ['accessToken'], noNullPrototype: true },
)

/** The error of ours that `run` throws. Anything else, or nothing, fails the test. */
export function caught(run: () => unknown): RefreshError {
  try {
    run()
  } catch (error) {
    if (isRefreshError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function encoded(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url')
}

function token(prefix: string): fc.Arbitrary<string> {
  return fc.string({ minLength: 1, maxLength: 20 }).map((text) => `${prefix}-${text.trim()}`)
}

/** From 1986 to 2255, in whole seconds. */
function instant(): fc.Arbitrary<number> {
  return fc.integer({ min: 500_000_000, max: 9_000_000_000 }).map((seconds) => seconds * 1000)
}
