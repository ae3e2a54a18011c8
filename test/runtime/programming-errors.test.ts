import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, isRefreshError } from '../../src/index.ts'
import type { RefresherOptions, RefreshEvent, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from './clock.ts'

const good = (): RefresherOptions => ({
  provider: oidc({ issuer: 'https://id.example.com' }),
  client: { id: 'app' },
  ledger: { store: memoryStore({ name: 'programming-errors', clock: handClock() }) },
})

describe('a token set that makes no sense', () => {
  for (const [what, set] of [
    ['undefined', undefined],
    ['null', null],
    ['a text', 'token'],
    ['no access token', {}],
    ['an access token that is undefined', { accessToken: undefined, refreshToken: 'r' }],
    ['an expiry that is NaN', { accessToken: 'a', refreshToken: 'r', expiresAtMs: Number.NaN }],
    ['an expiry in seconds', { accessToken: 'a', refreshToken: 'r', expiresAtMs: 1_800_000_000 }],
    ['a refresh token that is "undefined"', { accessToken: 'a', refreshToken: 'undefined' }],
    ['a grant of its own making', { accessToken: 'a', refreshToken: 'r', grant: 'mine' }],
    [
      'a grant of wrong letters',
      { accessToken: 'a', refreshToken: 'r', grant: `${'!'.repeat(43)}.1`, expiresAtMs: 0 },
    ],
  ] as const) {
    it(`ends in an outcome, not in a throw: ${what}`, async () => {
      const outcome = await createRefresher(good()).refresh(set as unknown as TokenSet)

      expect(outcome).toMatchObject({
        state: 'error',
        usable: false,
        changed: false,
        needsSignIn: false,
      })
      expect(isRefreshError(outcome.error) && outcome.error.code).toBe('invalid_tokens')
      expect(outcome.tokens).toBe(set)
    })
  }
})

describe('a programming error', () => {
  const chain = `${'A'.repeat(43)}.1`
  const old = { accessToken: 'at-SECRET', refreshToken: 'rt-SECRET', expiresAtMs: 0 }

  for (const [what, set, says] of [
    ['undefined', undefined, /It is undefined/],
    ['a promise', Promise.resolve(old), /promise: await it/],
    ['a set as text', JSON.stringify(old), /JSON\.parse/],
    ['a list of sets', [old], /accessToken must be/],
    ['seconds for milliseconds', { ...old, expiresAtMs: 1_790_000_000 }, /multiply by 1000/],
    ['a lifetime', { ...old, expiresAtMs: 3_600_000 }, /point in time, no lifetime/],
    [
      'a set in snake case',
      { access_token: 'at-SECRET', refresh_token: 'rt-SECRET' },
      /readTokenSet/,
    ],
    [
      'a set that is half in snake case',
      { ...old, refreshToken: undefined, refresh_token: 'rt-SECRET' },
      /readTokenSet/,
    ],
    ['what readTokenSet answers', { tokens: old, style: {} }, /pass the `tokens`/],
    [
      'an outcome',
      { accessToken: 'at-SECRET', state: 'fresh', tokens: old },
      /under another name|tokens/,
    ],
    ['a grant that was cut', { ...old, grant: chain.slice(0, 40) }, /does the column hold 82/],
    ['a grant without its end', { ...old, grant: `${chain.slice(0, 44)}x` }, /exactly as it was/],
    ['a set of another provider', { ...old, provider: 'other' }, /provider\.id/],
  ] as const) {
    it(`is logged, told and no sign-in: ${what}`, async () => {
      const warn = vi.spyOn(console, 'warn').mockReturnValue()
      onTestFinished(() => warn.mockRestore())
      const events: RefreshEvent[] = []
      const onEvent = (event: RefreshEvent): void => void events.push(event)

      const told = await createRefresher({ ...good(), onEvent }).refresh(set as never)
      const logged = await createRefresher(good()).refresh(set as never)

      for (const outcome of [told, logged]) {
        expect(outcome).toMatchObject({ state: 'error', usable: false, needsSignIn: false })
        expect(outcome.error?.hint).toMatch(says)
      }
      const { code, hint } = told.error!
      expect(events).toEqual([
        expect.objectContaining({ type: 'ended', state: 'error', code, hint, callers: 1 }),
      ])
      expect(warn).toHaveBeenCalledTimes(1)
      expect(warn.mock.calls[0]?.[0]).toContain(`state=error code=${code}`)
      expect(warn.mock.calls[0]?.[0]).toContain(hint)
      expect(JSON.stringify([events, warn.mock.calls])).not.toContain('SECRET')
    })
  }

  it('is told by revoke, which never rejects', async () => {
    const events: RefreshEvent[] = []
    const { revoke } = createRefresher({
      ...good(),
      revocationCheckMs: 0,
      onEvent: (event) => void events.push(event),
    })

    for (const set of [undefined, null, { ...old, grant: 7 }, { ...old, provider: 'other' }]) {
      const outcome = await revoke(set as never)

      expect(outcome).toMatchObject({ ended: false, revoked: false })
      expect(events.at(-1)).toMatchObject({ type: 'ended', code: outcome.error?.code })
    }
    expect(events).toHaveLength(4)
  })
})
