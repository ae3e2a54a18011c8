import { describe, expect, it } from 'vitest'
import { AWAY_MS } from '../../../src/runtime/timing.ts'
import { connectionRefused, world } from '../world.ts'

/** What backing off sets a timer for: 100 ms, doubled each time. */
const isBackoff = (ms: number): boolean => Number.isInteger(Math.log2(ms / 100))

describe('429 with Retry-After', () => {
  it('leaves the AS alone for all grants of the client; only the first call waits', async () => {
    const { server, process, signIn, expire, clock } = await world({ presentsTwice: true })
    const [one, other] = [await signIn(), await signIn()]
    const refreshers = [process(), process()]
    expire()
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 3 })

    const first = refreshers[0]!.refresh(one)
    await clock.timer((ms) => ms === 3_000)
    const second = await refreshers[1]!.refresh(other)
    expect(server.counts().presentations).toBe(1)
    const waited = await clock.through(first, (ms) => ms === 3_000)
    const third = await refreshers[1]!.refresh(second.tokens)

    const retryAtMs = clock.now()
    expect(second).toMatchObject({ usable: false, error: { code: 'rate_limited', retryAtMs } })
    for (const outcome of [waited, third]) {
      expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    }
    expect(server.counts()).toMatchObject({ presentations: 3, granted: 2 })
  })

  it('is an error with a time when it outlasts the call, and no sign-out', async () => {
    const { server, process, signIn, expire, clock } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 60 })

    const first = await process().refresh(tokens)
    const second = await process().refresh(tokens)
    expect(server.counts().presentations).toBe(1)
    clock.advance(60_000)
    const third = await process().refresh(first.tokens)

    const retryAtMs = clock.now()
    const noToken = { state: 'error', usable: false, needsSignIn: false }
    expect(first).toMatchObject({ ...noToken, error: { code: 'rate_limited', retryAtMs } })
    expect(second).toMatchObject({ ...noToken, error: { code: 'paused', retryAtMs } })
    expect(first.tokens.refreshToken).toBe(tokens.refreshToken)
    expect(third).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(2)
  })

  it('of the metadata leaves the AS alone, too', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const asked: string[] = []
    const refresher = process({
      fetch(url, init) {
        asked.push(url)
        if (asked.length > 1) return fetch(url, init)
        const headers = { 'retry-after': '60' }
        return Promise.resolve(new Response(null, { status: 429, headers }))
      },
    })

    const first = await refresher.refresh(tokens)
    const second = await refresher.refresh(tokens)
    expect(asked).toHaveLength(1)
    clock.advance(60_000)
    const third = await refresher.refresh(tokens)

    for (const outcome of [first, second]) {
      expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'rate_limited' } })
    }
    expect(third).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('keeps other hosts from presenting this token, through the ledger', async () => {
    const { server, process, signIn, expire, clock } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'status', status: 503, retryAfterSeconds: 60 })
    const axes = { failures: { 503: 'deferred' } } as const

    await process({ axes }).refresh(tokens)
    const elsewhere = await process({ axes }).refresh(tokens)

    expect(elsewhere).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'paused', retryAtMs: clock.now() + 60_000 },
    })
    expect(server.counts().presentations).toBe(1)
  })
})

describe('503', () => {
  it('is unknown by default: the token may be spent', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'status', status: 503 })

    const outcome = await process().refresh(tokens)

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'unknown', status: 503 } })
    expect(server.counts().presentations).toBe(1)
  })

  it('is waited out where the gateway is described, ever longer, inside the budget', async () => {
    const { server, process, signIn, expire, clock, told } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next(
      ...Array.from({ length: 3 }, () => ({ kind: 'status', status: 503 }) as const),
    )
    const beganAt = clock.monotonic()

    const refreshing = process({ axes: { failures: { 503: 'deferred' } } }).refresh(tokens)
    const outcome = await clock.through(refreshing, isBackoff)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true, error: undefined })
    expect(clock.monotonic() - beganAt).toBe(100 + 200 + 400)
    expect(told('presented').map((event) => event.outcome)).toEqual([
      'deferred',
      'deferred',
      'deferred',
      'granted',
    ])
  })

  it('ends with the budget, and the token lives on', async () => {
    const { server, process, signIn, expire, clock } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    const axes = { failures: { 503: 'deferred' } } as const
    server.faults.next(
      ...Array.from({ length: 4 }, () => ({ kind: 'status', status: 503 }) as const),
    )

    const refreshing = process({ axes, waitMs: 1_000 }).refresh(tokens)
    const outcome = await clock.through(refreshing, isBackoff)
    const later = await process({ axes }).refresh(outcome.tokens)

    expect(outcome).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'rate_limited' },
    })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts()).toMatchObject({ presentations: 5, granted: 1 })
  })
})

describe('an AS that cannot be reached', () => {
  it('costs nothing: nothing was sent, the claim is free again', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const down = { fetch: () => Promise.reject(connectionRefused()), waitMs: 1_000 }

    const refreshing = process({ ...down, axes: { tokenEndpoint: server.tokenEndpoint } })
    const outcome = await clock.through(refreshing.refresh(tokens), isBackoff)
    clock.advance(AWAY_MS)
    const undiscovered = await clock.through(process(down).refresh(tokens), isBackoff)
    clock.advance(AWAY_MS)
    const later = await process().refresh(tokens)

    for (const each of [outcome, undiscovered]) {
      expect(each).toMatchObject({
        usable: false,
        needsSignIn: false,
        error: { code: 'unreachable' },
      })
    }
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })
})

describe('a wrong client secret', () => {
  it('signs nobody out, and all recover when it is right', async () => {
    const { server, process, signIn, expire } = await world({ presentsTwice: true })
    const tokens = await signIn('basic')
    expire()
    const client = { id: 'basic', secret: 'wrong' }

    const wrong = await process({ client }).refresh(tokens)
    const right = await process({ client: server.clients.basic }).refresh(wrong.tokens)

    expect(wrong).toMatchObject({
      state: 'error',
      usable: false,
      needsSignIn: false,
      error: {
        code: 'refused',
        oauthError: 'invalid_client',
        status: 401,
        message: expect.stringContaining('was not consumed'),
      },
    })
    expect(wrong.tokens.refreshToken).toBe(tokens.refreshToken)
    expect(right).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
    expect(server.counts()).toMatchObject({ granted: 1, reuses: 0 })
  })
})

describe('a refused request', () => {
  it.each([
    ['invalid_scope', true, 'may be spent'],
    ['invalid_client', false, 'was not consumed'],
  ])('says after %s what became of the refresh token', async (error, needsSignIn, said) => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'status', status: 400, body: JSON.stringify({ error }) })

    const outcome = await process().refresh(tokens)

    expect(outcome).toMatchObject({ usable: false, needsSignIn, error: { code: 'refused' } })
    expect(outcome.error?.message).toContain(said)
    expect(outcome.error?.message).not.toContain('the grant lives')
  })
})
