import { describe, expect, it } from 'vitest'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { atOnce, expectGood, expectOver, HOUR_MS, stage } from './stage.ts'

const DAY_HOURS = 24

describe.each([authJs5, nextAuth4Handler])('a cookie in two places, in $name', (framework) => {
  it.each([
    ['seldom', { userHours: 1, thiefHours: 5 }],
    ['more often than the user', { userHours: 5, thiefHours: 1 }],
    ['once, days later', { userHours: 1, thiefHours: 3 * DAY_HOURS }],
  ])(
    'ends for both when a thief comes %s: one replay, and no grant',
    async (_, { userHours, thiefHours }) => {
      const { clock, server, refresher, signedInBrowser, told } = await stage({ framework })
      const user = await signedInBrowser()
      const thief = user.copy()
      const hoursMax = 2 * (userHours + thiefHours)
      for (let hours = 1; hours <= hoursMax && told('reuse_detected').length === 0; hours += 1) {
        clock.advance(HOUR_MS)
        const turn = [
          ...(hours % userHours === 0 ? [user] : []),
          ...(hours % thiefHours === 0 ? [thief] : []),
        ]
        await Promise.all(turn.map((each) => each.session()))
      }
      await refresher.drain()

      for (const each of [user, thief, user.copy()]) expectOver(await each.session())
      expect(told('reuse_detected')).toHaveLength(1)
      expect(server.counts()).toMatchObject({ reuses: 0, grants: { live: 0, dead: 1 } })
    },
  )

  it('is no theft when requests storm in with cookies that are an hour old', async () => {
    const { clock, server, signedInBrowser, told } = await stage({ framework })
    const user = await signedInBrowser()

    for (let hours = 0; hours < 4; hours += 1) {
      const before = user.copy()
      clock.advance(HOUR_MS)
      const sessions = await atOnce(10, (index) => (index % 2 ? user : before.copy()).session())
      for (const session of sessions) expectGood(session)
    }

    expect(told('reuse_detected')).toEqual([])
    expect(server.counts()).toMatchObject({ presentations: 4, grants: { live: 1 } })
  })

  it('is no theft when no cookie is written for three days', async () => {
    const { clock, server, signedInBrowser, told } = await stage({ framework })
    const user = await signedInBrowser()

    for (let hours = 0; hours < 3 * DAY_HOURS; hours += 1) {
      clock.advance(HOUR_MS)
      expectGood(await user.session({ writes: false }))
    }
    expectGood(await user.session())

    expect(told('reuse_detected')).toEqual([])
    expect(server.counts()).toMatchObject({ presentations: 72, grants: { live: 1 } })
  })

  it('is no theft when a late response puts an old cookie back', async () => {
    const { clock, server, signedInBrowser, told } = await stage({ framework })
    const user = await signedInBrowser()

    for (let hours = 0; hours < 4; hours += 1) {
      const { cookies } = user
      clock.advance(HOUR_MS)
      expectGood(await user.session())
      user.putBack(cookies)
      expectGood(await user.session())
    }

    expect(told('reuse_detected')).toEqual([])
    expect(server.counts()).toMatchObject({ presentations: 4, grants: { live: 1 } })
  })
})
