import { describe, expect, it } from 'vitest'
import type { ClientId } from '../../oidc/oidc-server.ts'
import { LOGTO, OIDC, SPOTIFY, SPOTIFY_REPLACING, type Product } from '../../providers/products.ts'
import { DAY_MS } from '../../providers/timed-world.ts'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { atOnce, expectGood, HOUR_MS, stage } from './stage.ts'

const REQUESTS = 20

/** Sorts of clients, and how many of their refresh tokens are presented at the expiries. */
const CLIENTS: readonly {
  readonly name: string
  readonly product: Product
  readonly client: ClientId
  /** Milliseconds from each expiry to the next. */
  readonly expiries: readonly number[]
  readonly presentedTokens: number
}[] = [
  ...(['public', 'basic', 'post'] as const).map((client) => ({
    name: `a ${client} client`,
    product: OIDC,
    client,
    expiries: [HOUR_MS, HOUR_MS],
    presentedTokens: 2,
  })),
  {
    name: 'a public client of Logto',
    product: LOGTO,
    client: 'public',
    expiries: [HOUR_MS, HOUR_MS],
    presentedTokens: 2,
  },
  {
    // Its token is replaced when 70 % of its life have passed.
    name: 'a confidential client of Logto',
    product: LOGTO,
    client: 'basic',
    expiries: [HOUR_MS, 10 * DAY_MS, HOUR_MS],
    presentedTokens: 2,
  },
  {
    name: 'a PKCE client of Spotify from before 2026-07-20',
    product: SPOTIFY_REPLACING,
    client: 'public',
    expiries: [HOUR_MS, HOUR_MS],
    presentedTokens: 2,
  },
  {
    name: 'a PKCE client of Spotify',
    product: SPOTIFY,
    client: 'public',
    expiries: [HOUR_MS, HOUR_MS],
    presentedTokens: 1,
  },
  {
    name: 'a client of Spotify with a secret',
    product: SPOTIFY,
    client: 'basic',
    expiries: [HOUR_MS, HOUR_MS],
    presentedTokens: 1,
  },
]

describe.each([authJs5, nextAuth4Handler])('refreshCallbacks in $name', (framework) => {
  it.each(CLIENTS)(
    'keeps every session of $name good, with one presentation for each expiry',
    async ({ product, client, expiries, presentedTokens }) => {
      const { server, pass, signedInBrowser } = await stage({
        framework,
        product,
        client,
        presentsTwice: presentedTokens < expiries.length,
      })
      const user = await signedInBrowser()
      let older = user.copy()

      for (const ms of expiries) {
        const old = user.copy()
        pass(ms)
        const sessions = await atOnce(REQUESTS, (index) =>
          (index % 2 === 0 ? user : older.copy()).session(),
        )
        sessions.push(await user.session(), await older.session())

        for (const session of sessions) expectGood(session)
        const tokens = new Set(sessions.map((session) => String(session?.['accessToken'])))
        expect(tokens.size).toBe(1)
        for (const token of tokens) expect(await server.isLive(token)).toBe(true)
        older = old
      }

      expect(server.counts()).toMatchObject({
        presentations: expiries.length,
        granted: expiries.length,
        presentedTokens,
        reuses: 0,
        grants: { live: 1, dead: 0 },
      })
    },
  )
})
