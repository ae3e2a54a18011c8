import { describe, expect, it } from 'vitest'
import { AWAY_MS, GOOD_WAIT_MS, PAUSE_MAX_MS } from '../../../src/runtime/timing.ts'
import { gate } from '../clock.ts'
import { connectionRefused, HOUR_MS, world } from '../world.ts'
import type { ProcessOptions } from '../world.ts'

const LEFT_MS = 20_000

/** A `fetch` to which no connection is made, until it is `up`. */
function outage(): { up: boolean; tries: number; fetch: NonNullable<ProcessOptions['fetch']> } {
  const state = {
    up: false,
    tries: 0,
    fetch(url: string, init: RequestInit) {
      state.tries += 1
      return state.up ? fetch(url, init) : Promise.reject(connectionRefused())
    },
  }
  return state
}

describe('an access token that is still good', () => {
  it('is served at once while the AS refuses connections', async () => {
    const { process, signIn, clock, told } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    const away = outage()

    const first = await process({ fetch: away.fetch }).refresh(tokens)
    const second = await process({ fetch: away.fetch }).refresh(tokens)

    for (const outcome of [first, second]) {
      const { accessToken } = tokens
      expect(outcome).toMatchObject({ usable: true, accessToken, error: { code: 'unreachable' } })
    }
    expect(away.tries).toBe(1)
    expect(told('paused')).toMatchObject([{ code: 'unreachable', pauseMs: AWAY_MS }])
  })

  it('is served at once while the AS asks to wait', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 3 })

    const outcome = await process().refresh(tokens)

    expect(outcome).toMatchObject({ usable: true, error: { code: 'rate_limited' } })
  })

  it('is served while the AS keeps silent, and the exchange runs on', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const refresher = process()

    const refreshing = refresher.refresh(tokens)
    await server.until(({ granted }) => granted === 1)
    clock.advance(GOOD_WAIT_MS)
    const outcome = await refreshing
    answer.open()
    await refresher.drain()
    const later = await refresher.refresh(tokens)

    const { accessToken } = tokens
    expect(outcome).toMatchObject({ state: 'expiring', accessToken, error: undefined })
    expect(outcome.changed).toBe(false)
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('is not served before the ledger has said that its chain lives', async () => {
    const { process, signIn, store, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    await process().revoke(tokens)
    const slow = gate()
    store.before = () => slow.opened

    const refreshing = process().refresh(tokens)
    clock.advance(GOOD_WAIT_MS)
    slow.open()

    expect(await refreshing).toMatchObject({ state: 'revoked', usable: false })
  })

  it('is served, and its successor reaches a ledger that is down for a minute', async () => {
    const { server, process, signIn, store, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const refresher = process()

    const refreshing = refresher.refresh(tokens)
    await server.until(({ granted }) => granted === 1)
    clock.advance(GOOD_WAIT_MS)
    const outcome = await refreshing
    const backAtMs = clock.now() + 60_000
    store.before = () => {
      if (clock.now() < backAtMs) throw new Error('connection lost')
    }
    answer.open()
    await clock.through(refresher.drain(), (ms) => ms <= 1_000)
    const later = await process().refresh(tokens)

    expect(outcome).toMatchObject({ state: 'expiring', changed: false })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('is waited beyond if it ends while the call waits', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - GOOD_WAIT_MS / 2)
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })

    const refreshing = process().refresh(tokens)
    await server.until(({ granted }) => granted === 1)
    clock.advance(GOOD_WAIT_MS)
    answer.open()

    expect(await refreshing).toMatchObject({ state: 'rotated', usable: true })
  })

  it('is waited beyond if the call asks for more than is left', async () => {
    const { process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)

    const refreshing = process().refresh(tokens, { minValidMs: LEFT_MS })

    expect(clock.pending).not.toContain(GOOD_WAIT_MS)
    expect(await refreshing).toMatchObject({ state: 'rotated' })
  })

  it('is waited beyond on a platform that stops with the answer', async () => {
    const { process: start, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - LEFT_MS)
    process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'renews'
    try {
      const refreshing = start().refresh(tokens)

      expect(clock.pending).not.toContain(GOOD_WAIT_MS)
      expect(await refreshing).toMatchObject({ state: 'rotated' })
    } finally {
      delete process.env['AWS_LAMBDA_FUNCTION_NAME']
    }
  })
})

describe('a process that knows that the AS is away', () => {
  it('answers others at once, of whatever user, and tries again some seconds later', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const [one, other] = [await signIn(), await signIn()]
    expire()
    const away = outage()
    const refresher = process({ fetch: away.fetch })

    const first = refresher.refresh(one)
    await clock.timer((ms) => ms === 100)
    const answers = [await refresher.refresh(one), await refresher.refresh(other)]
    const triesMeanwhile = away.tries
    clock.advance(100)
    away.up = true
    clock.advance(AWAY_MS)
    const later = await refresher.refresh(other)
    const waited = await clock.through(first, (ms) => Number.isInteger(Math.log2(ms / 100)))

    for (const outcome of answers) {
      expect(outcome).toMatchObject({ usable: false, needsSignIn: false })
      expect(outcome.error?.code).toBe('unreachable')
    }
    expect(triesMeanwhile).toBe(1)
    for (const outcome of [waited, later]) expect(outcome).toMatchObject({ state: 'rotated' })
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })

  it('goes on as soon as the AS has answered anybody', async () => {
    const { process, signIn, expire, clock } = await world()
    const [one, other] = [await signIn(), await signIn()]
    expire()
    const away = outage()
    const refresher = process({ fetch: away.fetch })

    const first = refresher.refresh(one)
    await clock.timer((ms) => ms === 100)
    away.up = true
    await clock.through(first, (ms) => ms === 100)

    expect(await refresher.refresh(other)).toMatchObject({ state: 'rotated' })
  })

  it('still hands out what another process has renewed', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const renewed = await process().refresh(tokens)
    const other = await signIn()
    expire()
    const away = outage()
    const refresher = process({ fetch: away.fetch, waitMs: 50 })
    await refresher.refresh(other)

    const served = await refresher.refresh(tokens, { refused: true })

    expect(served.tokens.refreshToken).toBe(renewed.tokens.refreshToken)
  })
})

describe('a long Retry-After', () => {
  it('holds for its own token, and for the other users of the client a minute', async () => {
    const { server, process, signIn, expire, clock, told } = await world({ presentsTwice: true })
    const [one, other] = [await signIn(), await signIn()]
    expire()
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 86_400 })

    const limited = await process().refresh(one)
    const meanwhile = await process().refresh(other)
    clock.advance(PAUSE_MAX_MS)
    const later = await process().refresh(other)
    const still = await process().refresh(limited.tokens)

    expect(meanwhile.error).toMatchObject({ code: 'rate_limited' })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(still.error).toMatchObject({ code: 'paused' })
    expect(still.error?.retryAtMs).toBe(clock.now() + 86_400_000 - PAUSE_MAX_MS)
    expect(server.counts().presentations).toBe(2)
    expect(told('paused')).toMatchObject([
      { code: 'rate_limited', pauseMs: PAUSE_MAX_MS, retryAfterMs: 86_400_000 },
    ])
  })
})

describe('waitMs of a call', () => {
  it('bounds the wait of this caller only, and stops nothing', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const refresher = process()

    const hurried = refresher.refresh(tokens, { waitMs: 1_000 })
    const patient = refresher.refresh(tokens, { waitMs: 5_000 })
    const standard = refresher.refresh(tokens)
    await server.until(({ granted }) => granted === 1)
    clock.advance(1_000)
    const left = await hurried
    clock.advance(3_999)
    answer.open()

    expect(left).toMatchObject({ state: 'error', usable: false, needsSignIn: false })
    expect(left.error?.code).toBe('timed_out')
    for (const outcome of [await patient, await standard]) {
      expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    }
    expect(server.counts().presentations).toBe(1)
  })

  it('says what is wrong with the AS where that is known', async () => {
    const { process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const refresher = process({ fetch: outage().fetch })

    const refreshing = refresher.refresh(tokens, { waitMs: 50 })
    await clock.timer((ms) => ms === 100)
    clock.advance(50)
    const { error } = await refreshing

    expect(error).toMatchObject({ code: 'unreachable' })
    expect(error?.retryAtMs).toBeGreaterThan(clock.now())
  })

  it('bounds the question whether a fresh set still stands', async () => {
    const { store, process, signIn, clock } = await world()
    const tokens = await signIn()
    store.before = () => new Promise(() => {})

    const refreshing = process({ revocationCheckMs: 0 }).refresh(tokens, { waitMs: 700 })
    await clock.timer((ms) => ms === 700)
    clock.advance(700)

    const { accessToken } = tokens
    expect(await refreshing).toMatchObject({ accessToken, error: { code: 'timed_out' } })
  })

  it.each([NaN, -1, '5000'])('is no %s', async (waitMs) => {
    const { process, signIn } = await world()

    const refreshing = process().refresh(await signIn(), { waitMs: waitMs as number })

    await expect(refreshing).rejects.toThrow(/waitMs is .*write milliseconds/)
  })
})

describe('an answer that proves nothing', () => {
  it('is not waited for by the calls that come after it', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'status', status: 502 })
    const refresher = process()

    const first = await refresher.refresh(tokens)
    const second = await refresher.refresh(first.tokens)

    expect(first.error).toMatchObject({ code: 'unknown', status: 502 })
    expect(second).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(server.counts().presentations).toBe(1)
  })
})
