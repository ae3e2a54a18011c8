import { describe, expect, it } from 'vitest'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { atOnce, expectGood, expectOver, HOUR_MS, stage } from './stage.ts'

const REQUESTS = 20

/** What backing off sets a timer for: 100 ms, doubled each time. */
const isBackoff = (ms: number): boolean => Number.isInteger(Math.log2(ms / 100))

describe.each([authJs5, nextAuth4Handler])('refreshCallbacks in $name', (framework) => {
  it('say of a grant that the AS revoked: sign in; everywhere, after one question', async () => {
    const { clock, server, issued, signedInBrowser } = await stage({ framework })
    const user = await signedInBrowser()
    const others = await atOnce(REQUESTS, () => Promise.resolve(user.copy()))
    server.endGrant(issued[0]!)
    expectGood(await user.session())

    clock.advance(HOUR_MS)
    const sessions = await Promise.all([user, ...others].map((each) => each.session()))
    // The row of a token that is refused at first sight lives for five minutes.
    clock.advance(240_000)
    const later = await Promise.all([user, ...others].map((each) => each.session()))

    for (const session of [...sessions, ...later]) expectOver(session)
    expect(server.counts()).toMatchObject({ presentations: 1, refused: { invalid_grant: 1 } })
  })

  it('let a new sign-in take the error away', async () => {
    const { clock, server, issued, signedInBrowser } = await stage({ framework })
    const user = await signedInBrowser()
    server.endGrant(issued[0]!)
    clock.advance(HOUR_MS)
    expectOver(await user.session())

    // Auth.js takes the expiry of the new tokens from the wall's clock.
    clock.skew(-HOUR_MS)
    await user.signIn()
    const session = await user.session()

    expectGood(session)
    expect(await server.isLive(String(session['accessToken']))).toBe(true)
  })

  it('sign nobody out for a 503 of the gateway, and leave no error behind', async () => {
    const axes = { failures: { 503: 'deferred' } } as const
    const { clock, server, signedInBrowser } = await stage({ framework, axes, presentsTwice: true })
    const user = await signedInBrowser()
    clock.advance(HOUR_MS)
    server.faults.next({ kind: 'status', status: 503 })

    const sessions = await clock.through(
      atOnce(REQUESTS, () => user.session()),
      isBackoff,
    )
    const later = await user.session()

    for (const session of [...sessions, later]) expectGood(session)
    expect(server.counts()).toMatchObject({ faults: 1, presentations: 2, granted: 1 })
  })

  it('show no token and no error while the AS asks to be left alone, then go on', async () => {
    const { clock, server, signedInBrowser } = await stage({ framework, presentsTwice: true })
    const user = await signedInBrowser()
    clock.advance(HOUR_MS)
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 600 })

    const meanwhile = await user.session()
    clock.advance(600_000)
    const after = await user.session()

    expect(meanwhile).toMatchObject({ user: {} })
    expect(meanwhile).not.toHaveProperty('error')
    expect(meanwhile).not.toHaveProperty('accessToken')
    expectGood(after)
  })
})
