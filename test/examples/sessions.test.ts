import type { RequestListener } from 'node:http'
import { toNodeListener } from 'h3'
import * as h3 from 'h3-2'
import { toNodeHandler } from 'h3-2/node'
import { createRequestHandler } from 'react-router'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp as expressApp } from '../../docs/examples/express-sessions/app.ts'
import { createApp as fastifyApp } from '../../docs/examples/fastify-sessions/app.ts'
import { createApp as honoApp } from '../../docs/examples/hono-sessions/app.ts'
import { createApp as nuxtApp } from '../../docs/examples/nuxt-sessions/app.ts'
import { createRoutes } from '../../docs/examples/react-router-sessions/app.ts'
import { sessions as nuxtSessions } from '../../src/integrations/nuxt.ts'
import type { TokenSet } from '../../src/index.ts'
import type {
  HandleRefresher,
  OAuthSession,
  WebSessionOptions,
} from '../../src/integrations/web.ts'
import { stand } from './stand.ts'
import { svelteKitApp } from './sveltekit.ts'
import { visitor } from './visitor.ts'
import type { Visitor } from './visitor.ts'
import { surroundings, webListener } from './world.ts'
import type { Surroundings } from './world.ts'

const REQUESTS = 20

type Build = (options: WebSessionOptions, api: string) => Promise<RequestListener>

const frameworks: Record<string, Build> = {
  Hono: async (options, api) => webListener(honoApp(options, api).fetch),
  Express: async (options, api) => expressApp(options, api),
  async Fastify(options, api) {
    const app = await fastifyApp(options, api)
    await app.ready()
    onTestFinished(async () => app.close())
    return (request, response) => app.routing(request, response)
  },
  'Nuxt, by h3 1.x': async (options, api) => toNodeListener(nuxtApp(options, api)),
  'h3 2.x': async (options, api) => toNodeHandler(h3Two(options, api)),
  SvelteKit: svelteKitApp,
  'React Router': async (options, api) => reactRouter(options, api),
}

function h3Two(options: WebSessionOptions, api: string): h3.H3 {
  const app = new h3.H3()
  app.use(nuxtSessions(options))
  app.get('/orders', async ({ context }) => {
    const oauth = context['oauth'] as OAuthSession
    try {
      const answer = await oauth.fetch(`${api}/orders`)
      return Response.json(await answer.json(), { status: answer.ok ? 200 : 502 })
    } catch (error) {
      return oauth.responseTo(error)
    }
  })
  return app
}

/** The server build that the bundler of React Router would make of the routes. */
function reactRouter(options: WebSessionOptions, api: string): RequestListener {
  const routes = Object.entries(createRoutes(options, api)).map(([path, module]) => ({
    id: path,
    path,
    module,
  }))
  const handle = createRequestHandler({
    entry: { module: { default: () => new Response('no page', { status: 500 }) } },
    routes: Object.fromEntries(routes.map((route) => [route.id, route])),
    assets: { routes: {}, entry: { module: '', imports: [] }, url: '', version: '1' },
    publicPath: '/',
    assetsBuildDirectory: '',
    future: {},
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: 'initial' },
  } as never)
  return webListener((request) => handle(request))
}

interface Stage extends Surroundings {
  readonly origin: string
  readonly browser: Visitor
  /** The token sets of the sign-ins. */
  readonly deposited: readonly TokenSet[]
}

async function stage(build: Build): Promise<Stage> {
  const here = await stand()
  const { origin } = here
  const world = await surroundings([`${origin}/auth/callback`])
  const { api, clock } = world
  const deposited: TokenSet[] = []
  const client = world.server.clients.public
  /** An instance of the application, which shares nothing with the other but the store. */
  async function instance(): Promise<RequestListener> {
    const handles = world.process()
    const refresher: HandleRefresher = {
      ...handles,
      deposit(tokens) {
        deposited.push(tokens)
        return handles.deposit(tokens)
      },
    }
    return build({ refresher, client, origin, apis: [api], clock }, api)
  }
  const first = await instance()
  // SvelteKit's own server takes seconds to start: one of it must do.
  const instances = [first, build === svelteKitApp ? first : await instance()]
  let requests = 0
  here.listener = (request, response) => instances[(requests += 1) % 2]!(request, response)
  return { ...world, origin, deposited, browser: visitor(origin) }
}

describe.each(Object.entries(frameworks))('%s', (_, build) => {
  it('signs a user in and leads to the page that was asked for', async () => {
    const { server, browser } = await stage(build)

    const page = await browser.open('/orders')

    expect(page.status).toBe(200)
    expect(JSON.parse(page.body.toString())).toEqual({ orders: [1, 2] })
    expect([...browser.cookies.keys()]).toEqual(['oauth'])
    expect(server.counts()).toMatchObject({ presentations: 0 })
  })

  it('serves 20 requests at once with one presentation, and sets no cookie', async () => {
    const { server, browser, expire } = await stage(build)
    await browser.open('/orders')
    const { cookies } = browser

    for (let expiry = 1; expiry <= 2; expiry += 1) {
      expire()
      const answers = await Promise.all(
        Array.from({ length: REQUESTS }, () => browser.get('/orders')),
      )
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      expect(answers.flatMap(({ headers }) => headers['set-cookie'] ?? [])).toEqual([])
      expect(server.counts()).toMatchObject({ presentations: expiry, reuses: 0 })
    }
    expect(browser.cookies).toEqual(cookies)
  })

  it('answers a 401 of the API by one renewal', async () => {
    const { server, browser, refused, clock, deposited } = await stage(build)
    await browser.open('/orders')
    clock.advance(60_000)
    refused.add(deposited[0]!.accessToken)

    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, () => browser.get('/orders')),
    )

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })

  it('ends the session everywhere at a sign-out, which only its own pages can begin', async () => {
    const { browser, server, deposited } = await stage(build)
    await browser.open('/orders')
    const stolen = browser.copy()

    expect((await browser.get('/auth/sign-out')).status).toBe(405)
    expect((await browser.post('/auth/sign-out', { origin: 'https://evil.example' })).status).toBe(
      403,
    )
    expect((await browser.get('/orders')).status).toBe(200)
    const out = await browser.post('/auth/sign-out')

    expect(out.status).toBe(303)
    expect(browser.cookies.size).toBe(0)
    expect((await browser.get('/orders')).status).toBe(401)
    const again = await stolen.get('/orders')
    expect(again.status).toBe(401)
    expect(JSON.parse(again.body.toString())).toMatchObject({
      error: 'sign_in',
      signIn: '/auth/sign-in?to=%2Forders',
    })
    expect(await server.isLive(deposited[0]!.refreshToken!)).toBe(false)
  })

  it('asks to come again if the AS is away, and to sign in if the grant has ended', async () => {
    const { browser, server, expire, clock, deposited } = await stage(build)
    await browser.open('/orders')
    expire()
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 60 })

    const away = await browser.get('/orders')
    clock.advance(61_000)
    server.endGrant(deposited[0]!.refreshToken!)
    const over = await browser.get('/orders')

    expect(away.status).toBe(503)
    expect(away.headers['retry-after']).toBe('5')
    expect(over.status).toBe(401)
  })
})
