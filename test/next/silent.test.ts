import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MARKER } from '../../src/integrations/react/marker.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'
import { NOTICE, watched } from './watched.ts'

/** NextAuth 4 renews tokens in their last minute. */
const LIFETIME_MS = 180_000

let world: Stage

beforeAll(async () => {
  const silent = { callbacks: 'ours', client: 'basic', env: { SILENT: '/silent' } } as const
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [silent, { callbacks: 'ours', client: 'basic' }, { ...silent, build: 'pages' }],
  })
}, BUILD_MS)
afterAll(() => world?.stop())

/** Who begins the sign-in without a page, and in which application. */
const ways = [
  { name: 'refreshProxy', app: () => world.apps[0]!, isGuard: false },
  { name: 'the session guard', app: () => world.apps[1]!, isGuard: true },
  { name: 'nextAuth4Proxy', app: () => world.apps[2]!, isGuard: false },
]

interface Scene {
  readonly who: Visitor
  readonly notices: () => number
  /** Requests of the browser to the authorization server since the sign-in. */
  readonly asked: readonly URL[]
  /** Forms that the user was shown since then, at the AS or by Auth.js. */
  readonly forms: readonly string[]
}

/** A visitor whose next refresh loses its answer. */
async function scene(app: App, isGuard: boolean): Promise<Scene> {
  const who = await world.visitor(app)
  const { notices } = await watched(who.context)
  const asked: URL[] = []
  const forms: string[] = []
  who.context.on('request', (request) => {
    const url = new URL(request.url())
    if (url.origin === world.server.issuer) asked.push(url)
    const isForm = url.pathname.startsWith('/interaction/') || url.pathname === '/api/auth/signin'
    if (isForm) forms.push(url.pathname)
  })
  if (isGuard) await who.context.addInitScript(() => Object.assign(globalThis, { isSilent: true }))
  await world.expire(who)
  world.server.faults.next({ kind: 'cut_after' })
  return { who, notices: () => notices.get(who.page) ?? 0, asked, forms }
}

const prompts = ({ asked }: Scene): (string | null)[] =>
  asked.flatMap(({ pathname, searchParams }) =>
    pathname === '/auth' ? [searchParams.get('prompt')] : [],
  )

const hello = ({ page }: Visitor): Promise<void> =>
  page.getByRole('heading', { name: /^Hello, user-/ }).waitFor()

const markers = async ({ context }: Visitor): Promise<number> =>
  (await context.cookies()).filter(({ name }) => name === MARKER).length

describe.each(ways)('$name, when the answer to a refresh was lost', ({ app, isGuard }) => {
  it('signs the user in without a page while their session at the AS lives', async () => {
    const seen = await scene(app(), isGuard)
    const { who, notices, forms } = seen
    const path = isGuard ? '/?of=June&sort=1' : '/account?of=June&sort=1'

    await who.page.goto(app().origin + path)
    await who.page.waitForURL(app().origin + path)
    if (isGuard) await hello(who)

    expect(await who.open('/')).toMatch(/^Hello, user-/)
    expect({ forms, notices: notices(), prompts: prompts(seen) }).toEqual({
      forms: [],
      notices: 0,
      prompts: ['none'],
    })
    expect(await markers(who)).toBe(0)
    // The next end is another one.
    await world.expire(who)
    world.server.faults.next({ kind: 'cut_after' })
    await who.page.goto(`${app().origin}/`)
    await hello(who)
    expect(prompts(seen)).toEqual(['none', 'none'])
    await who.close()
  })

  it('shows one notice when that session is gone, and does not try again', async () => {
    const seen = await scene(app(), isGuard)
    const { who, notices, forms } = seen
    await who.context.clearCookies({ domain: '127.0.0.1' })

    await who.page.goto(`${app().origin}/?of=June`)
    await who.page.getByText(NOTICE).waitFor()
    await who.page.waitForLoadState('networkidle')
    expect(who.page.url()).toBe(`${app().origin}/?of=June`)
    const once = { forms: [], notices: 1, prompts: ['none'] }
    expect({ forms, notices: notices(), prompts: prompts(seen) }).toEqual(once)

    expect(await who.open('/')).toMatch(/^No name: sign in again/)
    expect(prompts(seen)).toEqual(['none'])
    await who.close()
  })
})

describe('refreshProxy, when the answer to a refresh was lost', () => {
  it('sends nothing off but the navigation of a tab', async () => {
    const seen = await scene(world.apps[0]!, false)
    const { who } = seen
    const cookie = await who.cookie()
    const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    // Not by `fetch`, which writes these headers itself.
    const ask = (method: string, path: string, headers: Record<string, string>) =>
      new Promise<boolean>((resolve, reject) => {
        const all = { cookie, ...headers }
        request(world.apps[0]!.origin + path, { method, headers: all }, (response) => {
          const { statusCode, headers: answered } = response.resume()
          resolve(statusCode === 307 && answered.location?.includes('/silent?') === true)
        })
          .on('error', reject)
          .end()
      })

    const others = [
      await ask('GET', '/', {}),
      await ask('GET', '/', { ...navigation, 'sec-fetch-mode': 'cors' }),
      await ask('GET', '/', { ...navigation, 'sec-fetch-dest': 'iframe' }),
      await ask('GET', '/', { ...navigation, 'sec-purpose': 'prefetch;prerender' }),
      await ask('POST', '/api/update', navigation),
      await ask('GET', '/', { ...navigation, cookie: `${cookie}; ${MARKER}=back:%2F` }),
      await ask('GET', '/silent?provider=oidc&to=/', navigation),
    ]
    expect(others.some(Boolean)).toBe(false)
    expect(await ask('GET', '/', navigation)).toBe(true)
    await who.close()
  })
})
