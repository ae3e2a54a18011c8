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
  ledger: { store: memoryStore({ name: 'settings', clock: handClock() }) },
})

/** A change of the ledger's options. */
const ledger = (changed: object): object => ({ ledger: { ...good().ledger, ...changed } })

describe('createRefresher', () => {
  for (const [what, bad, says] of [
    ['no provider', { provider: undefined }, /oidc\(\{ issuer \}\)/],
    ['provider null', { provider: null }, /oidc\(\{ issuer \}\)/],
    ['no client', { client: undefined }, /client\.id/],
    ['a client without id', { client: { id: '' } }, /client\.id/],
    ['an empty secret', { client: { id: 'app', secret: '' } }, /secret/],
    ['no ledger', { ledger: undefined }, /memoryStore\(\)/],
    ['no store', { ledger: {} }, /memoryStore\(\)/],
    ['a store that is a client', { ledger: { store: { get() {} } } }, /memoryStore\(\)/],
    ['an empty pepper', ledger({ pepper: '' }), /pepper/],
    ['a short pepper', ledger({ pepper: 'secret' }), /pepper/],
    ['an empty ledger', ledger({ name: '' }), /ledger/],
    [
      'a claim that ends before the request',
      { timeouts: { requestMs: 15_000, claimMs: 15_000 } },
      /timeouts\.claimMs/,
    ],
    ['a claim without margin', { timeouts: { claimMs: 15_999 } }, /at least 16000/],
    ['a timeout of nothing', { timeouts: { requestMs: 0 } }, /timeouts\.requestMs/],
    ['a negative time', { timeouts: { waitMs: -1 } }, /timeouts\.waitMs/],
    ['a time that is no number', { staleHolders: { afterMs: Number.NaN } }, /afterMs/],
    ['an endless time', { timeouts: { storeMs: Infinity } }, /timeouts\.storeMs/],
    ['a time as text', { refreshAheadMs: '60' }, /refreshAheadMs/],
    [
      'a claim that is forgotten at once',
      ledger({ retention: { claimMs: 0 } }),
      /claimMs.*afterMs/,
    ],
    ['a chain that is forgotten at once', ledger({ retention: { grantMs: 60_000 } }), /grantMs/],
    ['an unknown policy', { staleHolders: { then: 'ignore' } }, /staleHolders\.then/],
    ['the old policy', { staleHolders: 'replay' }, /write staleHolders: { then: 'revoke' }/],
    ['a policy that is not grouped', { staleHolders: 'serve' }, /{ then: 'serve' }/],
    ['a ledger that is a name', { ledger: 'mine' }, /write ledger: { store, name: 'mine' }/],
    ['timeouts in one', { timeouts: 5_000 }, /timeouts: { requestMs, claimMs, waitMs, storeMs }/],
    ['a store at the top', { store: {} }, /store is no option any more: write ledger: { store }/],
    ['a pepper at the top', { pepper: 'p' }, /write ledger: { store, pepper }/],
    [
      'claimRetentionMs',
      { claimRetentionMs: 1 },
      /write ledger: { store, retention: { claimMs } }/,
    ],
    [
      'grantRetentionMs',
      { grantRetentionMs: 1 },
      /write ledger: { store, retention: { grantMs } }/,
    ],
    ['requestTimeoutMs', { requestTimeoutMs: 1 }, /write timeouts: { requestMs }/],
    ['claimMs at the top', { claimMs: 1 }, /write timeouts: { claimMs }/],
    ['waitMs at the top', { waitMs: 1 }, /write timeouts: { waitMs }/],
    ['storeTimeoutMs', { storeTimeoutMs: 1 }, /write timeouts: { storeMs }/],
    ['staleMs', { staleMs: 1 }, /write staleHolders: { afterMs }/],
    ['verifyMs', { verifyMs: 0 }, /write revocationCheckMs/],
    ['a misspelt option', { onevent: () => {} }, /did you mean onEvent\?/],
    ['a misspelt time', { timeouts: { requestMS: 1 } }, /timeouts\.requestMS.*mean requestMs\?/],
    ['a misspelt retention', ledger({ retention: { claim: 1 } }), /mean claimMs\?/],
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
    const shared = { ...good().ledger.store, name: 'redis' }

    expect(() => createRefresher({ ...good(), provider, ledger: { store: shared } })).toThrow(
      /pepper/,
    )
    expect(() => createRefresher({ ...good(), provider })).not.toThrow()
    const pepper = 'p'.repeat(32)
    expect(() =>
      createRefresher({ ...good(), provider, ledger: { store: shared, pepper } }),
    ).not.toThrow()
  })

  it('exposes the provider', () => {
    const { provider } = good()

    expect(createRefresher({ ...good(), provider }).provider).toBe(provider)
  })

  it('rejects a refresh with the old name of `refused`', async () => {
    const refreshed = createRefresher(good()).refresh({ accessToken: 'at' }, {
      force: true,
    } as object)

    await expect(refreshed).rejects.toThrow(/write refused: true/)
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

      expect(outcome).toMatchObject({
        state: 'error',
        usable: false,
        changed: false,
        needsSignIn: true,
      })
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
