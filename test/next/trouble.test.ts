import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'

let world: Stage
let before: App
let after: App

beforeAll(async () => {
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { callbacks: 'guide', client: 'post' },
      { callbacks: 'ours', client: 'basic' },
    ],
  })
  ;[before, after] = world.apps as [App, App]
}, BUILD_MS)
afterAll(() => world?.stop())

const counts = ({ grant }: Visitor) => world.server.counts(grant)

/** A promise, and what fulfils it. */
function held(): { readonly until: Promise<void>; release(): void } {
  let release = (): void => {}
  const until = new Promise<void>((resolve) => (release = resolve))
  return { until, release }
}

describe('one 503', () => {
  async function meet(app: App): Promise<{ who: Visitor; seen: string[] }> {
    const who = await world.visitor(app)
    await app.advance(LIFETIME_MS)
    world.server.faults.next({ kind: 'status', status: 503 })
    const seen = [await who.open('/'), await who.open('/')]
    await app.advance(LIFETIME_MS)
    return { who, seen: [...seen, await who.open('/')] }
  }

  it('signs out with the callbacks of the guide', async () => {
    const { who, seen } = await meet(before)

    expect(seen.at(-1)).toBe('No name: sign in again')
    await who.close()
  })

  it('is waited for with ours, where it is described', async () => {
    const { who, seen } = await meet(after)

    for (const heading of seen) expect(heading).toMatch(/^Hello, user-/)
    // The one that the gateway kept from the server, and one for each expiry.
    expect(counts(who)).toMatchObject({ presentations: 3, granted: 2, reuses: 0, atOnceMax: 1 })
    expect(counts(who).grants.live).toBe(1)
    await who.close()
  })
})

describe('a grant that the authorization server has revoked', () => {
  async function meet(app: App): Promise<Visitor> {
    const who = await world.visitor(app)
    const { refresh_token: refreshToken } = (await who.token())!
    world.server.endGrant(refreshToken)
    await app.advance(LIFETIME_MS)
    for (const path of ['/', '/unproxied', '/']) {
      expect(await who.open(path)).toBe('No name: sign in again')
    }
    return who
  }

  it('is asked about again and again with the callbacks of the guide', async () => {
    const who = await meet(before)

    expect(counts(who).presentations).toBeGreaterThan(1)
    await who.close()
  })

  it('is asked about once with ours', async () => {
    const who = await meet(after)

    expect(counts(who)).toMatchObject({ presentations: 1, refused: { invalid_grant: 1 } })
    await who.close()
  })
})

describe('a browser that is closed while its tokens are renewed', () => {
  async function meet(app: App): Promise<{ who: Visitor; seen: string[] }> {
    const first = await world.visitor(app)
    const { granted } = counts(first)
    const answer = held()
    await app.advance(LIFETIME_MS)
    world.server.faults.next({ kind: 'delay', after: answer.until })
    const loading = first.page.goto(app.origin).catch(() => 'closed')
    await world.server.until(() => counts(first).granted > granted)
    const who = await world.reopened(first)
    answer.release()
    expect(await loading).toBe('closed')
    const seen = [await who.open('/')]
    await app.advance(LIFETIME_MS)
    return { who, seen: [...seen, await who.open('/')] }
  }

  it('has lost them with the callbacks of the guide', async () => {
    const { who, seen } = await meet(before)

    expect(seen.at(-1)).toBe('No name: sign in again')
    expect(counts(who).grants.live).toBe(0)
    await who.close()
  })

  it('is handed them with ours', async () => {
    const { who, seen } = await meet(after)

    for (const heading of seen) expect(heading).toMatch(/^Hello, user-/)
    expect(counts(who)).toMatchObject({ presentations: 2, presentedTwice: 0, reuses: 0 })
    await who.close()
  })
})

describe('a sign-out while a session is fetched in another tab', () => {
  async function meet(app: App): Promise<Visitor> {
    const who = await world.visitor(app)
    const tab = await who.context.newPage()
    await tab.goto(`${app.origin}/about`)
    const [asked, answer] = [held(), held()]
    // The answer is on its way, with a cookie, until somebody has signed out.
    await tab.route('**/api/auth/session', async (route) => {
      const response = await route.fetch()
      asked.release()
      await answer.until
      await route.fulfill({ response })
    })
    const fetched = tab.evaluate(async () => (await fetch('/api/auth/session')).status)
    await asked.until
    await who.page.getByRole('button', { name: 'Sign out' }).click()
    await who.page.getByRole('heading', { name: 'No name: signed out' }).waitFor()
    expect(await who.cookie()).toBe('')
    answer.release()
    expect(await fetched).toBe(200)
    expect(await who.cookie()).not.toBe('')
    return who
  }

  it('is undone with the callbacks of the guide', async () => {
    const who = await meet(before)

    expect(await who.open('/')).toMatch(/^Hello, user-/)
    expect(counts(who).grants.live).toBe(1)
    await who.close()
  })

  it('stands with ours: the cookie that came back is worth nothing, and goes', async () => {
    const who = await meet(after)

    expect(counts(who).grants.live).toBe(0)
    expect(await who.open('/')).toBe('No name: refused')
    await after.advance(LIFETIME_MS)
    expect(await who.open('/')).toBe('No name: signed out')
    expect(await who.cookie()).toBe('')
    expect(counts(who).presentations).toBe(0)
    await who.close()
  })
})
