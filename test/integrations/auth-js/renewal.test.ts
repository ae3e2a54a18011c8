import { describe, expect, it } from 'vitest'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { atOnce, expectGood, HOUR_MS, stage } from './stage.ts'

const REQUESTS = 20

describe.each([authJs5, nextAuth4Handler])('refreshCallbacks in $name', (framework) => {
  it.each(['public', 'basic', 'post'] as const)(
    'keeps every session of a %s client good over two expiries, with one presentation each',
    async (client) => {
      const { clock, server, signedInBrowser } = await stage({ framework, client })
      const user = await signedInBrowser()
      const old = user.copy()

      clock.advance(HOUR_MS)
      const first = await atOnce(REQUESTS, () => user.session())
      clock.advance(HOUR_MS)
      const second = await atOnce(REQUESTS, (index) =>
        (index % 2 === 0 ? user : old.copy()).session(),
      )
      const third = [await user.session(), await old.session()]

      for (const session of [...first, ...second, ...third]) expectGood(session)
      for (const sessions of [first, [...second, ...third]]) {
        expect(new Set(sessions.map((session) => session?.['accessToken'])).size).toBe(1)
      }
      expect(await server.isLive(String(third[0]?.['accessToken']))).toBe(true)
      expect(server.counts()).toMatchObject({ presentations: 2, granted: 2, grants: { live: 1 } })
    },
  )
})
