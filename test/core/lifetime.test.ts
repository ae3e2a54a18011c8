import { describe, expect, it } from 'vitest'
import { authorized, refreshExpiryMs } from '../../src/core/lifetime.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Tokens } from '../../src/core/tokens.ts'
import { NOW_MS } from './helpers.ts'

const DAY_MS = 24 * 3_600_000
const months = { response: { refreshLifetimeMs: 180 * DAY_MS } }
const silent = { response: {} }

describe('refreshExpiryMs', () => {
  it.each<[string, Parameters<typeof refreshExpiryMs>[0], typeof silent, number | undefined]>([
    ['nothing known', {}, silent, undefined],
    ['a day of authorization alone', { authorizedAtMs: NOW_MS }, silent, undefined],
    ['a lifetime alone', {}, months, undefined],
    ['what the AS said', { refreshExpiresAtMs: NOW_MS }, months, NOW_MS],
    ['both described', { authorizedAtMs: NOW_MS }, months, NOW_MS + 180 * DAY_MS],
    [
      'the sooner of two: the AS',
      { authorizedAtMs: NOW_MS, refreshExpiresAtMs: NOW_MS + 1 },
      months,
      NOW_MS + 1,
    ],
    [
      'the sooner of two: the description',
      { authorizedAtMs: NOW_MS, refreshExpiresAtMs: NOW_MS + 999 * DAY_MS },
      months,
      NOW_MS + 180 * DAY_MS,
    ],
  ])('%s', (_, tokens, provider, expected) => {
    expect(refreshExpiryMs(tokens, provider)).toBe(expected)
  })
})

describe('authorized', () => {
  const access = new Map([['', { token: new Secret('at'), obtainedAtMs: NOW_MS - 1 }]])
  const dated: Tokens = { access, authorizedAtMs: NOW_MS - 9 }
  const undated: Tokens = { access }
  const bare: Tokens = { access: new Map() }

  it.each<[string, Tokens, typeof silent, number | undefined, number | undefined]>([
    ['believes the set before the chain', dated, months, NOW_MS - 5, NOW_MS - 9],
    ['then the chain', undated, months, NOW_MS - 5, NOW_MS - 5],
    ['then when the set was received', undated, months, undefined, NOW_MS - 1],
    ['else it was now', bare, months, undefined, NOW_MS],
    ['does not guess where nobody counts from it', undated, silent, NOW_MS - 5, undefined],
  ])('%s', (_, tokens, provider, knownMs, expected) => {
    expect(authorized(tokens, provider, knownMs, NOW_MS).authorizedAtMs).toBe(expected)
  })
})
