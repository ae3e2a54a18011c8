import { describe, expect, it, vi } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, isRefreshError } from '../../src/index.ts'
import type { RefresherOptions, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from './clock.ts'
import { world } from './world.ts'

const good = (): RefresherOptions => ({
  provider: oidc({ issuer: 'https://id.example.com' }),
  client: { id: 'app' },
  store: memoryStore({ name: 'settings', clock: handClock() }),
})

describe('createRefresher', () => {
  for (const [what, bad, says] of [
    ['no provider', { provider: undefined }, /oidc\(\{ issuer \}\)/],
    ['provider null', { provider: null }, /oidc\(\{ issuer \}\)/],
    ['no client', { client: undefined }, /client\.id/],
    ['a client without id', { client: { id: '' } }, /client\.id/],
    ['an empty secret', { client: { id: 'app', secret: '' } }, /secret/],
    ['no store', { store: undefined }, /memoryStore\(\)/],
    ['a store that is a client', { store: { get() {} } }, /memoryStore\(\)/],
    ['an empty pepper', { pepper: '' }, /pepper/],
    ['a short pepper', { pepper: 'secret' }, /pepper/],
    ['an empty ledger', { ledger: '' }, /ledger/],
    [
      'a claim that ends before the request',
      { requestTimeoutMs: 15_000, claimMs: 15_000 },
      /claimMs/,
    ],
    ['a claim without margin', { claimMs: 15_999 }, /at least 16000/],
    ['a timeout of nothing', { requestTimeoutMs: 0 }, /requestTimeoutMs/],
    ['a negative time', { waitMs: -1 }, /waitMs/],
    ['a time that is no number', { staleMs: Number.NaN }, /staleMs/],
    ['an endless time', { storeTimeoutMs: Infinity }, /storeTimeoutMs/],
    ['a time as text', { refreshAheadMs: '60' }, /refreshAheadMs/],
    ['a claim that is forgotten at once', { claimRetentionMs: 0 }, /claimRetentionMs.*staleMs/],
    ['a chain that is forgotten at once', { grantRetentionMs: 60_000 }, /grantRetentionMs/],
    ['an unknown policy', { staleHolders: 'ignore' }, /staleHolders/],
    ['an observer that is none', { onEvent: 'log' }, /onEvent/],
    ['a reload that is none', { reload: {} }, /reload/],
  ] as const) {
    it(`does not take ${what}`, () => {
      const options = { ...good(), ...bad } as unknown as RefresherOptions

      expect(() => createRefresher(options)).toThrow(TypeError)
      expect(() => createRefresher(options)).toThrow(says)
    })
  }

  it('wants a pepper for tokens that can be guessed, on a shared store', () => {
    const provider = oidc({ issuer: 'https://id.example.com', tokens: 'guessable' })
    const shared = { ...good().store, name: 'redis' }

    expect(() => createRefresher({ ...good(), provider, store: shared })).toThrow(/pepper/)
    expect(() => createRefresher({ ...good(), provider })).not.toThrow()
    const pepper = 'p'.repeat(32)
    expect(() => createRefresher({ ...good(), provider, store: shared, pepper })).not.toThrow()
  })

  it('opens nothing and sets no timer', () => {
    const clock = handClock()
    const fetch = vi.fn<NonNullable<RefresherOptions['fetch']>>()

    createRefresher({ ...good(), clock, fetch })

    expect(clock.pending).toEqual([])
    expect(fetch).not.toHaveBeenCalled()
  })
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

      expect(outcome).toMatchObject({ state: 'error', usable: false, changed: false, signIn: true })
      expect(isRefreshError(outcome.error) && outcome.error.code).toBe('invalid_tokens')
      expect(outcome.tokens).toBe(set)
    })
  }
})

describe('onEvent', () => {
  it('may throw', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    const outcome = await process({
      onEvent: () => {
        throw new Error('observer')
      },
    }).refresh(tokens)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
  })

  it('replaces one line of the log per code and minute', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { process, signIn, expire, clock, server } = await world()
    const quiet = process()
    const loud = process({ onEvent: undefined })
    const dead = await signIn()
    expire()
    server.endGrant(dead.refreshToken!)

    await quiet.refresh(dead)
    expect(warn).not.toHaveBeenCalled()
    await loud.refresh(dead)
    await loud.refresh(dead)
    clock.advance(59_999)
    await loud.refresh(dead)
    expect(warn).toHaveBeenCalledTimes(1)
    await loud.refresh({ accessToken: 'a', expiresAtMs: 0 })
    expect(warn).toHaveBeenCalledTimes(2)
    clock.advance(1)
    await loud.refresh(dead)

    expect(warn).toHaveBeenCalledTimes(3)
    expect(warn.mock.calls[0]).toEqual([
      expect.stringMatching(
        /^refresh-once: provider=oidc state=revoked code=rejected token=[\w-]{8}$/,
      ),
    ])
    expect(warn.mock.calls[1]).toEqual([
      'refresh-once: provider=oidc state=error code=no_refresh_token token=-',
    ])
  })
})
