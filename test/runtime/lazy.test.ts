import { afterEach, describe, expect, it, vi } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import type { Outcome, Refresher, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { gate, handClock } from './clock.ts'

const ENGINE = '../../src/runtime/engine.ts'
const clock = handClock()
let stores = 0

/** A refresher of a process that has only just started: nothing of it was loaded before. */
async function newProcess(issuer = 'https://id.example.com'): Promise<Refresher> {
  vi.resetModules()
  const { createRefresher } = await import('../../src/index.ts')
  return createRefresher({
    provider: oidc({ issuer, rotation: 'always' }),
    client: { id: 'public' },
    ledger: { store: memoryStore({ name: `lazy ${(stores += 1)}`, clock }) },
    clock,
    onEvent: () => {},
  })
}

async function signedIn(): Promise<{ issuer: string; tokens: TokenSet; stop(): Promise<void> }> {
  const server = await startOidcServer()
  const tokens = tokenSetOf(await server.signIn(), clock)
  return { issuer: server.issuer, tokens, stop: server.stop }
}

const expired = (tokens: TokenSet): TokenSet => ({ ...tokens, expiresAtMs: clock.now() - 1 })

afterEach(() => {
  vi.doUnmock(ENGINE)
  vi.resetModules()
})

describe('what renews is loaded when there is something to renew', () => {
  it('loads nothing for a fresh set', async () => {
    const loaded = vi.fn()
    vi.doMock(ENGINE, loaded)
    const refresher = await newProcess()

    const tokens = { accessToken: 'at', expiresAtMs: clock.now() + 3_600_000 }

    expect(await refresher.refresh(tokens)).toMatchObject({ state: 'fresh', usable: true })
    expect(loaded).not.toHaveBeenCalled()
  })

  it('serves all who come while it loads, with one presentation', async () => {
    const { issuer, tokens, stop } = await signedIn()
    const refresher = await newProcess(issuer)

    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => refresher.refresh(expired(tokens))),
    )
    await stop()

    expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(outcomes[0]).toMatchObject({ state: 'rotated', usable: true })
  })

  it('revokes and drains before anything was loaded', async () => {
    const { issuer, tokens, stop } = await signedIn()
    const refresher = await newProcess(issuer)

    await (await newProcess(issuer)).drain()
    const revoked = await refresher.revoke(tokens)
    await stop()

    expect(revoked).toEqual({ ended: true, revoked: true, error: undefined })
  })

  it('keeps a set, which looks as it came until then', async () => {
    const { issuer, tokens, stop } = await signedIn()
    const refresher = await newProcess(issuer)
    const stored: TokenSet[] = []
    const renewed = gate()

    const keeper = refresher.keep(expired(tokens), {
      onChanged(next) {
        stored.push(next)
        renewed.open()
      },
    })
    const before = keeper.current
    await renewed.opened
    await keeper.stop()
    await stop()

    expect(before).toMatchObject({ state: 'expiring', usable: false, changed: false })
    expect(stored[0]!.accessToken).not.toBe(tokens.accessToken)
  })

  it('stops a keeper that was never loaded', async () => {
    const refresher = await newProcess()
    const tokens = { accessToken: 'at', expiresAtMs: clock.now() + 3_600_000 }
    const keeper = refresher.keep(tokens, { onChanged: () => {} })

    expect(keeper.current).toMatchObject({ state: 'fresh', usable: true, accessToken: 'at' })
    await keeper.stop()

    expect(clock.pending).toEqual([])
  })

  it('says so when it cannot be loaded, and loses nothing', async () => {
    vi.doMock(ENGINE, () => {
      throw new Error('gone')
    })
    const refresher = await newProcess()
    const tokens = { accessToken: 'at', refreshToken: 'rt', expiresAtMs: clock.now() - 1 }

    const outcome: Outcome = await refresher.refresh(tokens)
    const { ended, error } = await refresher.revoke(tokens)
    const keeper = refresher.keep(tokens, { onChanged: () => {} })
    await keeper.stop()

    const failed = { state: 'error', needsSignIn: false, tokens, error: { code: 'internal' } }
    expect(outcome).toMatchObject(failed)
    expect(keeper.current).toMatchObject(failed)
    expect({ ended, code: error?.code }).toEqual({ ended: false, code: 'internal' })
  })
})
