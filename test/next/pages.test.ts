import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { together, type Visitor } from './visitor.ts'

/** Something that people do, and what they see by it: names, or why there is none. */
interface Row {
  readonly name: string
  act(who: Visitor): Promise<readonly string[]>
}

const REQUESTS = 10

/** These tokens do not say when they were obtained, and are renewed in their last minute. */
const LIFETIME_MS = 180_000

const times = (count: number, path: string): string[] => Array.from({ length: count }, () => path)

const rows: readonly Row[] = [
  {
    name: 'getServerSession in two pages with one old cookie',
    async act(who) {
      const cookie = await who.cookie()
      const pages = ['/', '/'].map(async (path) => {
        const response = await fetch(who.app.origin + path, { headers: { cookie } })
        return /user-\d+|No name: [\w ]+/.exec(await response.text())?.[0] ?? 'No page'
      })
      return Promise.all(pages)
    },
  },
  {
    name: 'a page that asks pages/api with the cookie of its request',
    act: async (who) => [await who.open('/nested')],
  },
  { name: 'three requests of pages/api', act: (who) => who.ask(times(3, '/api/me')) },
  {
    name: 'three tabs that ask for the session',
    act: ({ page }) =>
      page.evaluate(() =>
        Promise.all(
          ['', '', ''].map(async () => {
            const session = await (await fetch('/api/auth/session')).json()
            return session.error ?? session.user.name
          }),
        ),
      ),
  },
  {
    name: 'ten requests with one old cookie',
    act: (who) => together(who, times(REQUESTS, '/api/me')),
  },
]

let world: Stage
let before: App
let after: App

beforeAll(async () => {
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { build: 'pages', callbacks: 'guide', client: 'post' },
      { build: 'pages', callbacks: 'ours', client: 'public' },
    ],
  })
  ;[before, after] = world.apps as [App, App]
}, BUILD_MS)
afterAll(() => world?.stop())

/** Crosses two expiries, and comes again. */
async function cross(app: App, { act }: Row) {
  const who = await world.visitor(app)
  const seen: string[] = []
  for (let expiries = 1; expiries <= 2; expiries += 1) {
    await world.expire(who)
    seen.push(...(await act(who)))
  }
  const last = await who.open('/')
  const token = await who.token()
  await who.close()
  return { seen, last, token, counts: world.server.counts(who.grant) }
}

/** What the authorization server counted, if the promise was kept. */
const ONCE = {
  presentations: 2,
  presentedTwice: 0,
  atOnceMax: 1,
  reuses: 0,
  grants: { live: 1, dead: 0 },
}

/** All got a name, and the cookie holds the newest set, which is the one that is alive. */
async function expectConverged(found: Awaited<ReturnType<typeof cross>>): Promise<void> {
  const { seen, last, token } = found
  for (const name of [...seen, last]) expect(name).toMatch(/user-\d+/)
  expect(token?.grant).toMatch(/\.2\./)
  expect(await world.server.isLive(token!.refresh_token)).toBe(true)
  expect(await world.server.isLive(token!.access_token)).toBe(true)
}

describe.each(rows)('$name', (row) => {
  it('loses the grant with the callbacks of the guide', async () => {
    const { last, counts } = await cross(before, row)

    expect(counts.presentedTwice).toBeGreaterThan(0)
    expect(counts.reuses).toBeGreaterThan(0)
    expect(counts.grants).toEqual({ live: 0, dead: 1 })
    expect(last).toBe('No name: sign in again')
  })

  it('presents each refresh token once with ours', async () => {
    const found = await cross(after, row)

    expect(found.counts).toMatchObject(ONCE)
    await expectConverged(found)
  })
})

describe('getToken in a page behind withAuth', () => {
  const row: Row = {
    name: 'getToken',
    act: async (who) => [await who.open('/private')],
  }

  it('reads a dead access token, since nothing renews it', async () => {
    const { seen, counts } = await cross(before, row)

    expect(seen).toEqual(['No name: refused', 'No name: refused'])
    expect(counts.presentedTwice).toBe(0)
  })

  it('reads one that nextAuth4Proxy has renewed', async () => {
    const found = await cross(after, row)

    expect(found.counts).toMatchObject(ONCE)
    await expectConverged(found)
  })
})

describe('withAuth behind nextAuth4Proxy', () => {
  it('keeps out who has no session, or one that is over', async () => {
    const who = await world.visitor(after)
    const { refresh_token: refreshToken } = (await who.token())!
    world.server.endGrant(refreshToken)
    await after.advance(LIFETIME_MS)

    const answers = ['', await who.cookie()].map((cookie) =>
      fetch(`${after.origin}/private`, { headers: { cookie }, redirect: 'manual' }),
    )

    for (const { status, headers } of await Promise.all(answers)) {
      expect(status).toBe(307)
      expect(headers.get('location')).toContain('/api/auth/signin?callbackUrl=%2Fprivate')
    }
    expect(world.server.counts(who.grant).presentations).toBe(1)
    await who.close()
  })
})
