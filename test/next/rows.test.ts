import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import { together, type Visitor } from './visitor.ts'

/** Something that people do, and what they see by it: names, or why there is none. */
interface Row {
  readonly name: string
  /** Done while the access token is good. */
  prepare?(who: Visitor): Promise<unknown>
  act(who: Visitor): Promise<readonly string[]>
}

const times = (count: number, path: string): string[] => Array.from({ length: count }, () => path)

const rows: readonly Row[] = [
  { name: 'a page, its layout and its links', act: async (who) => [await who.open('/')] },
  {
    name: 'a <Link> that is followed',
    prepare: (who) => who.open('/'),
    async act({ page }) {
      const wanted = page.url().endsWith('/notes/1') ? 'Two' : 'One'
      const number = wanted === 'One' ? '1' : '2'
      await page.getByRole('link', { name: wanted, exact: true }).click()
      const heading = page.getByRole('heading', { name: new RegExp(`Note ${number} of|No note`) })
      const seen = await heading.innerText()
      await page.waitForLoadState('networkidle')
      return [seen]
    },
  },
  {
    name: 'three payloads of server components at the same time',
    act: ({ page }) =>
      page.evaluate(() =>
        Promise.all(
          ['/notes/1', '/notes/2', '/notes/3'].map(async (path) => {
            const answer = await fetch(`${path}?_rsc=1`, { headers: { RSC: '1' } })
            return /No note: [\w ]+|user-\d+/.exec(await answer.text())?.[0] ?? 'No payload'
          }),
        ),
      ),
  },
  {
    name: 'a page without a proxy',
    act: async (who) => [await who.open('/unproxied/alone')],
  },
  {
    name: 'a layout and a page without a proxy',
    act: async (who) => [await who.open('/unproxied')],
  },
  { name: 'a bare route handler', act: (who) => who.ask(['/api/bare']) },
  { name: 'a route handler that auth wraps', act: (who) => who.ask(['/api/wrapped']) },
  {
    name: 'route handlers without a proxy',
    act: (who) => who.ask(['/unproxied/bare', '/unproxied/wrapped']),
  },
  {
    name: 'a server action',
    async prepare(who) {
      await who.open('/account')
      await who.page.getByRole('heading', { name: 'Signed in', exact: true }).waitFor()
    },
    async act({ page }) {
      const answered = page.waitForResponse((each) => each.request().method() === 'POST')
      await page.getByRole('button', { name: 'Who am I?' }).click()
      await answered
      return [await page.getByText(/You are|No name/).innerText()]
    },
  },
  {
    name: '/api/auth/session, which a proxy stands before, too',
    act: ({ page }) =>
      page.evaluate(async () => {
        const session = await (await fetch('/api/auth/session')).json()
        return [session.error === undefined && session.accessToken ? 'user-1' : 'No name']
      }),
  },
  {
    name: 'ten requests with one old cookie',
    act: (who) => together(who, [...times(5, '/api/bare'), ...times(5, '/api/wrapped')]),
  },
  {
    name: 'fifty requests with one old cookie',
    act: (who) => together(who, [...times(25, '/api/bare'), ...times(25, '/unproxied/wrapped')]),
  },
]

let world: Stage
let before: App
let after: App
let confidential: App

beforeAll(async () => {
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { callbacks: 'guide', client: 'post' },
      { callbacks: 'ours', client: 'public' },
      { callbacks: 'ours', client: 'basic' },
    ],
  })
  ;[before, after, confidential] = world.apps as [App, App, App]
}, BUILD_MS)
afterAll(() => world?.stop())

/** Crosses two expiries, and comes again. */
async function cross(app: App, { prepare, act }: Row) {
  const who = await world.visitor(app)
  await prepare?.(who)
  const seen: string[][] = []
  const presentations: number[] = []
  for (let expiries = 1; expiries <= 2; expiries += 1) {
    await world.expire(who)
    seen.push([...(await act(who))])
    presentations.push(world.server.counts(who.grant).presentations)
  }
  const last = await who.open('/')
  const token = await who.token()
  await who.close()
  return { seen, last, presentations, token, counts: world.server.counts(who.grant) }
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

    expect(found.presentations).toEqual([1, 2])
    await expectPromiseKept(found)
  })
})

describe('a confidential client', () => {
  it('presents each refresh token once', async () => {
    const found = await cross(confidential, rows[0]!)

    expect(found.presentations).toEqual([1, 2])
    await expectPromiseKept(found)
  })
})

async function expectPromiseKept(found: Awaited<ReturnType<typeof cross>>): Promise<void> {
  const { seen, last, token, counts } = found
  expect(counts).toMatchObject({
    presentations: 2,
    presentedTwice: 0,
    atOnceMax: 1,
    reuses: 0,
    grants: { live: 1, dead: 0 },
  })
  for (const name of [...seen.flat(), last]) expect(name).toMatch(/user-\d+/)
  // The cookie holds the newest set, which is the one that is alive.
  expect(token?.grant).toMatch(/\.2\./)
  expect(await world.server.isLive(token!.refresh_token)).toBe(true)
  expect(await world.server.isLive(token!.access_token)).toBe(true)
}
