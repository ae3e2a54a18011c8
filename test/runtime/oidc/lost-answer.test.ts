import { describe, expect, it } from 'vitest'
import type { RefresherOptions } from '../../../src/index.ts'
import { handClock } from '../clock.ts'
import { HOUR_MS, world } from '../world.ts'

const CLAIM_MS = 20_000

/** The network of a process that stands still: what it sends never ends, until it fails. */
function frozen(nowMs: number) {
  let fail = (): void => {}
  let sent = (): void => {}
  const isSent = new Promise<void>((resolve) => (sent = resolve))
  const failed = new Promise<Response>((_, reject) => {
    fail = () => reject(new TypeError('fetch failed'))
  })
  const fetch: NonNullable<RefresherOptions['fetch']> = async (input, init) => {
    if (init?.method !== 'POST') return globalThis.fetch(input, init)
    sent()
    return failed
  }
  // Its clock stands still, too.
  const clock = handClock()
  clock.advance(nowMs - clock.now())
  return { options: { fetch, clock }, isSent, fail: () => fail() }
}

describe('an answer that was lost', () => {
  for (const kind of ['cut_after', 'cut_before'] as const) {
    it(`lets nobody present again, and serves the good access token (${kind})`, async () => {
      const { server, process, signIn, clock, told } = await world()
      const tokens = await signIn()
      clock.advance(HOUR_MS - 40_000)
      server.faults.next({ kind })

      const first = await process().refresh(tokens)
      const second = await process().refresh(tokens)

      for (const outcome of [first, second]) {
        expect(outcome).toMatchObject({
          usable: true,
          accessToken: tokens.accessToken,
          needsSignIn: false,
        })
      }
      expect(first).toMatchObject({ state: 'error', error: { code: 'unknown' } })
      expect(second).toMatchObject({ state: 'error', error: { code: 'lost' } })
      expect(server.counts().presentations).toBe(1)
      expect(told('presented')).toMatchObject([{ outcome: 'unknown', code: 'unknown' }])
    })
  }

  it('asks everybody to sign in at once when the access token is dead too', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'cut_after' })

    const first = await process().refresh(tokens)
    const second = await process().refresh(first.tokens)
    const third = await process().refresh(tokens)

    expect(first).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'unknown' } })
    expect(second).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
    expect(third).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
    expect(first.tokens.refreshToken).toBe(tokens.refreshToken)
    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1 })
  })

  it('ends the wait of callers in other processes as soon as its holder knows', async () => {
    const { process, signIn, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    const holder = frozen(clock.now())

    const lost = process(holder.options).refresh(tokens)
    await holder.isSent
    const waiting = process().refresh(tokens)
    holder.fail()

    expect(await waiting).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(await lost).toMatchObject({ needsSignIn: true, error: { code: 'unknown' } })
  })

  it('is found out as soon as the claim of a dead process is overdue, not before', async () => {
    const { process, signIn, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    const holder = frozen(clock.now())
    void process(holder.options).refresh(tokens)
    await holder.isSent
    let isOver = false

    const waiting = process().refresh(tokens)
    void waiting.then(() => (isOver = true))
    await clock.timer((ms) => ms === CLAIM_MS)
    clock.advance(CLAIM_MS - 1)
    await new Promise((turned) => setImmediate(turned))
    expect(isOver).toBe(false)
    clock.advance(1)

    expect(await waiting).toMatchObject({ error: { code: 'lost' } })
  })

  it('gives up with `busy` when its patience ends before the claim does', async () => {
    const { process, signIn, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    const holder = frozen(clock.now())
    void process(holder.options).refresh(tokens)
    await holder.isSent

    const waiting = process({ waitMs: 3_000 }).refresh(tokens)
    await clock.timer((ms) => ms === 3_000)
    clock.advance(3_000)

    expect(await waiting).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'busy' },
    })
  })

  it('is unknown when the connection broke before the tokens had come', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'cut_at', bytes: 20 })

    const outcome = await process().refresh(tokens)

    expect(outcome).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'unknown' } })
    expect(server.counts().presentations).toBe(1)
  })
})

describe('reuse: { acceptedForMs } (a window that the AS hard-codes)', () => {
  it('presents again in the same claim, anew prepared, not past the window', async () => {
    const { server, process, signIn, expire, clock, told } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next(...Array.from({ length: 20 }, () => ({ kind: 'cut_before' }) as const))
    const beganAt = clock.monotonic()

    const refreshing = process({ axes: { reuse: { acceptedForMs: 20_000 } } }).refresh(tokens)
    const outcome = await clock.through(refreshing, (ms) => Number.isInteger(Math.log2(ms / 100)))

    expect(outcome).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'unknown' } })
    // At 0, 100, 300, 700, 1,500 and 3,100 ms: 15,000 more and a margin must fit into the window.
    expect(told('presented')).toHaveLength(6)
    expect(clock.monotonic() - beganAt).toBe(6_300)
    expect(server.counts().presentations).toBe(6)
    expect(told('presented').map(({ code }) => code)).toEqual(Array(6).fill('unknown'))
  })

  it('recovers with the second answer', async () => {
    const { server, process, signIn, expire, clock } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'cut_before' })

    const refreshing = process({ axes: { reuse: { acceptedForMs: 60_000 } } }).refresh(tokens)
    const outcome = await clock.through(refreshing, (ms) => ms === 100)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true, changed: true })
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 1 })
  })
})
