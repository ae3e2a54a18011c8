import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'

const NAME = 'authjs.session-token'

let world: Stage
let before: App
let after: App

beforeAll(async () => {
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { callbacks: 'guide', client: 'post' },
      { callbacks: 'ours', client: 'public' },
    ],
  })
  ;[before, after] = world.apps as [App, App]
}, BUILD_MS)
afterAll(() => world?.stop())

/** One request with the visitor's cookie, whose own cookies stay as they are. */
async function get(app: App, path: string, cookie = ''): Promise<Response> {
  return fetch(app.origin + path, { headers: { cookie }, redirect: 'manual' })
}

/** What an answer sets of the session, by cookie; empty: it is deleted. */
function setBy({ headers }: Response): Record<string, string> {
  const lines = headers.getSetCookie().filter((line) => line.startsWith(NAME))
  return Object.fromEntries(lines.map((line) => line.split(';')[0]!.split('=') as [string, string]))
}

const namesIn = async (who: Visitor): Promise<string[]> =>
  (await who.cookie()).split('; ').map((pair) => pair.split('=')[0]!)

describe('the page of the request that renews', () => {
  async function meet(app: App, path: string): Promise<{ set: string; seen: object; old: string }> {
    const who = await world.visitor(app)
    const old = await who.cookie()
    await app.advance(LIFETIME_MS)
    const response = await get(app, path, `theme=dark; ${old}; locale=en`)
    await who.close()
    const set = Object.entries(setBy(response)).map(([name, value]) => `${name}=${value}`)
    return { set: set.join('; '), seen: (await response.json()) as object, old }
  }

  it('sees the old cookie with auth as the proxy', async () => {
    const { seen, old } = await meet(before, '/seen')

    expect(seen).toMatchObject({ header: `theme=dark; ${old}; locale=en` })
  })

  it('sees the cookie that the browser is given, and the others', async () => {
    const { set, seen, old } = await meet(after, '/seen')

    const cookie = `theme=dark; locale=en; ${set}`
    expect(set).not.toBe(old)
    expect(seen).toEqual({ header: cookie, parsed: cookie })
  })
})

describe('a cookie that grows and shrinks', () => {
  it('is whole at every size, for the page and for the browser', async () => {
    const who = await world.visitor(after)

    for (const [length, names] of [
      [4_500, [`${NAME}.0`, `${NAME}.1`]],
      [7_500, [`${NAME}.0`, `${NAME}.1`, `${NAME}.2`]],
      [4_500, [`${NAME}.0`, `${NAME}.1`]],
      [0, [NAME]],
    ] as const) {
      await after.load(length)
      await after.advance(LIFETIME_MS)
      expect(await who.open('/')).toMatch(/^Hello, user-/)
      expect(await namesIn(who)).toEqual(names)
      const seen = (await (await get(after, '/seen', await who.cookie())).json()) as {
        header: string
      }
      expect(seen.header.split('; ').map((pair) => pair.split('=')[0])).toEqual(names)
    }

    expect((await who.token())?.grant).toMatch(/\.4\./)
    expect(world.server.counts(who.grant)).toMatchObject({ presentations: 4, presentedTwice: 0 })
    await who.close()
  })

  it('leaves no piece behind, in whatever order answers arrive', async () => {
    const who = await world.visitor(after)
    const old = await who.cookie()
    await after.load(3_000)
    const large = await get(after, '/seen', old)
    await after.load(2_200)
    const small = await get(after, '/seen', old)
    await after.load(0)
    const jar = (answers: readonly Response[]): string[] => {
      const all = Object.assign({}, ...answers.map(setBy)) as Record<string, string>
      return Object.keys(all).filter((name) => all[name] !== '')
    }

    expect(jar([large])).toEqual([`${NAME}.0`, `${NAME}.1`])
    expect(jar([small])).toEqual([NAME])
    expect(jar([large, small])).toEqual([NAME])
    expect(jar([small, large])).toEqual([`${NAME}.0`, `${NAME}.1`])
    await who.close()
  })
})

describe('a handler that calls update()', () => {
  it.each([
    [0, 'GET'],
    [7_500, 'POST'],
  ])('sets a session with %i characters more once: its own', async (length, method) => {
    const who = await world.visitor(after)
    await after.load(length)
    await after.advance(LIFETIME_MS)
    const cookie = await who.cookie()

    const response = await fetch(`${after.origin}/api/update`, { method, headers: { cookie } })

    const lines = response.headers.getSetCookie().filter((line) => line.startsWith(NAME))
    const names = lines.map((line) => line.split('=')[0])
    expect(new Set(names).size).toBe(names.length)
    expect(await response.json()).toMatchObject({ user: {} })
    const jar = Object.entries(setBy(response)).filter(([, value]) => value !== '')
    const next = jar.map((pair) => pair.join('=')).join('; ')
    const seen = (await (await get(after, '/seen', next)).json()) as { header: string }
    expect(seen.header).toContain(NAME)
    expect(world.server.counts(who.grant)).toMatchObject({ presentations: 1, presentedTwice: 0 })
    await after.load(0)
    await who.close()
  })
})

describe('caches', () => {
  it('are offered the session cookie with auth as the proxy', async () => {
    const who = await world.visitor(before)

    const { headers } = await get(before, '/about', await who.cookie())

    expect(headers.getSetCookie().join()).toContain(NAME)
    expect(headers.get('cache-control')).toContain('s-maxage')
    await who.close()
  })

  it('are kept from every answer that sets the session cookie', async () => {
    const who = await world.visitor(after)
    const cookie = await who.cookie()

    for (const [path, vary] of [
      // Where Next renders a page, it writes its own over that of a proxy.
      ['/about', /rsc/],
      ['/', /rsc/],
      ['/api/bare', /cookie/i],
      ['/api/wrapped', /cookie/i],
    ] as const) {
      const { headers } = await get(after, path, cookie)
      expect(headers.getSetCookie().join()).toContain(NAME)
      expect(headers.get('cache-control')).toBe('private, no-store')
      expect(headers.get('vary')).toMatch(vary)
    }
    await who.close()
  })

  it('may keep what has nothing to do with a session', async () => {
    const response = await get(after, '/about')

    expect(setBy(response)).toEqual({})
    expect(response.headers.get('cache-control')).toContain('s-maxage')
  })
})

describe('the routes of Auth.js', () => {
  it('set their cookie themselves, and once', async () => {
    const who = await world.visitor(after)
    const cookie = await who.cookie()

    const session = await get(after, '/api/auth/session', cookie)
    const csrf = await get(after, '/api/auth/csrf', cookie)

    const lines = session.headers.getSetCookie().filter((line) => line.startsWith(NAME))
    expect(lines).toHaveLength(1)
    expect(setBy(csrf)).toEqual({})
    for (const { headers } of [session, csrf]) {
      expect(headers.get('cache-control')).not.toBe('private, no-store')
    }
    await who.close()
  })
})

describe('a cookie that cannot be read', () => {
  it('is deleted, and the page does not see it either', async () => {
    const response = await get(after, '/seen', `theme=dark; ${NAME}=nonsense`)

    expect(setBy(response)).toEqual({ [NAME]: '' })
    expect(await response.json()).toEqual({ header: 'theme=dark', parsed: 'theme=dark' })
  })
})
