import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/stores/memory.ts'
import { handClock } from '../clock.ts'
import { HOUR_MS, world } from '../world.ts'

const DAY_MS = 24 * HOUR_MS

describe('why a user has to sign in again', () => {
  it('is said of a copy that came too late: how late, and when all was renewed', async () => {
    const { signIn, expire, process, clock, told } = await world()
    const thief = await signIn()
    expire()
    let { tokens: owner } = await process().refresh({ ...thief })
    expire()
    owner = (await process().refresh(owner)).tokens
    const renewedAtMs = clock.now()
    clock.advance(2 * HOUR_MS)

    const outcomes = [await process().refresh(thief), await process().refresh(owner)]

    for (const { error } of outcomes) {
      expect(error).toMatchObject({
        reason: 'reuse_detected',
        generationsLate: 2,
        lateMs: 2 * HOUR_MS,
        renewedAtMs,
      })
      expect(error!.message).toContain('The token was 2 rotations late, 120 minutes after')
    }
    expect(told('reuse_detected')).toMatchObject([{ generationsLate: 2, lateMs: 2 * HOUR_MS }])
    expect(told('ended').at(-1)).toMatchObject({ reason: 'reuse_detected' })
  })

  it.each([
    ['expired_absolute', { refreshLifetimeMs: DAY_MS }],
    ['expired_idle', { refreshIdleMs: DAY_MS }],
  ] as const)('is said of a token that died of age or disuse: %s', async (reason, response) => {
    const { signIn, process, clock, server } = await world()
    const tokens = await signIn()
    const diedAtMs = clock.now() + DAY_MS
    clock.advance(DAY_MS + HOUR_MS)
    server.endGrant(tokens.refreshToken!)

    const outcome = await process({ axes: { response } }).refresh(tokens)
    const again = await process({ axes: { response } }).refresh(tokens)

    for (const { error } of [outcome, again]) {
      expect(error).toMatchObject({ code: 'expired', reason, expiredAtMs: diedAtMs })
      const [day] = new Date(diedAtMs).toISOString().split('T')
      expect(error!.message).toContain(`The refresh token died on ${day}`)
    }
  })

  it('is the word of the server, or a sign-out', async () => {
    const { signIn, process, server } = await world()
    const [ended, signedOut] = [await signIn(), await signIn()]
    server.endGrant(ended.refreshToken!)
    const { tokens } = await process().refresh(signedOut, { refused: true })
    await process().revoke(tokens)

    const refused = await process().refresh(ended, { refused: true })
    const revoked = await process().refresh(tokens, { refused: true })

    expect(refused.error).toMatchObject({ code: 'rejected', reason: 'refused_by_server' })
    expect(revoked.error).toMatchObject({ code: 'revoked', reason: 'signed_out' })
  })

  it('tells an answer that was lost from a process that stopped', async () => {
    const { signIn, process, server, clock } = await world()
    const [cut, crashed] = [await signIn(), await signIn()]
    server.faults.next({ kind: 'cut_after' })
    let sent = (): void => {}
    const isSent = new Promise<void>((resolve) => (sent = resolve))
    const dead = process({
      clock: handClock(clock.now()),
      fetch: (url, init) => {
        if (url !== server.tokenEndpoint) return fetch(url, init)
        sent()
        return new Promise<Response>(() => {})
      },
    })

    const first = await process().refresh(cut, { refused: true })
    const lost = await process().refresh(cut, { refused: true })
    void dead.refresh(crashed, { refused: true })
    await isSent
    clock.advance(60_000)
    const stopped = await process().refresh(crashed, { refused: true })

    expect(first.error).toMatchObject({ code: 'unknown', reason: 'lost_answer' })
    expect(lost.error).toMatchObject({ code: 'lost', reason: 'lost_answer' })
    expect(stopped.error).toMatchObject({ code: 'lost', reason: 'crash' })
  })

  it('tells that the machine slept while the token was out', async () => {
    const { signIn, process, server, clock } = await world()
    const tokens = await signIn()
    const sleeping = process({
      fetch: async (url, init) => {
        const answer = await fetch(url, init)
        if (url !== server.tokenEndpoint) return answer
        clock.skew(HOUR_MS)
        throw new TypeError('fetch failed')
      },
    })

    const first = await sleeping.refresh(tokens, { refused: true })
    const later = await process().refresh(tokens, { refused: true })

    for (const { error } of [first, later]) expect(error).toMatchObject({ reason: 'lost_on_wake' })
  })

  it('tells that the ledger forgot what it knew', async () => {
    const { signIn, process, expire } = await world({ presentsTwice: true })
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    expire()
    await process().refresh(tokens)
    const emptied = memoryStore({ name: 'emptied' })

    const outcome = await process({ store: emptied }).refresh(tokens)

    expect(outcome.error).toMatchObject({ code: 'presented_elsewhere', reason: 'store_forgot' })
  })

  it('is not said while there is a way', async () => {
    const { signIn, process, server } = await world({ presentsTwice: true })
    const tokens = await signIn('basic')
    server.faults.next({ kind: 'cut_before' })
    const client = server.clients.basic

    const outcome = await process({ client }).refresh(tokens, { refused: true })

    expect(outcome.needsSignIn).toBe(false)
    expect(outcome.error!.reason).toBeUndefined()
  })
})
