import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Express } from 'express'
import type { FastifyInstance } from 'fastify'
import { createApp, createRouter, defineEventHandler, toNodeListener } from 'h3'
import type { EventHandler } from 'h3'
import type { Hono } from 'hono'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { sessions as svelteKitSessions } from '../../src/integrations/sveltekit.ts'
import type { OAuthSession, WebSessions } from '../../src/integrations/web.ts'
import { firstBlockOf } from '../docs/guide.ts'
import { stand } from './stand.ts'
import { visitor } from './visitor.ts'
import { surroundings, webListener } from './world.ts'

type Fetch = (request: Request) => Promise<Response>

/** What the other blocks of a guide do with the session, for guides whose first has no route. */
async function orders(oauth: OAuthSession): Promise<Response> {
  try {
    return await oauth.fetch(`${process.env['API']}/orders`)
  } catch (error) {
    return oauth.responseTo(error) ?? new Response('It failed.', { status: 500 })
  }
}

/** By the guide: its first block, as an application with `/orders`. */
const guides: Record<string, (path: string) => Promise<RequestListener>> = {
  async 'web-sessions'(path) {
    const { default: app } = await firstBlockOf<{ default: { fetch: Fetch } }>(path)
    return webListener((request) => app.fetch(request))
  },
  async hono(path) {
    const { app } = await firstBlockOf<{ app: Hono }>(path)
    return webListener(app.fetch)
  },
  async express(path) {
    return (await firstBlockOf<{ app: Express }>(path)).app
  },
  async fastify(path) {
    const { app } = await firstBlockOf<{ app: FastifyInstance }>(path)
    await app.ready()
    onTestFinished(async () => app.close())
    return (request, response) => app.routing(request, response)
  },
  async nuxt(path) {
    const { default: middleware } = await firstBlockOf<{ default: EventHandler }>(path)
    const router = createRouter().get(
      '/orders',
      defineEventHandler(({ context }) => orders(context['oauth'])),
    )
    return toNodeListener(createApp().use(middleware).use(router))
  },
  async sveltekit(path) {
    const { handle } = await firstBlockOf<{ handle: ReturnType<typeof svelteKitSessions> }>(path)
    return webListener((request) => {
      const event = { request, locals: {} as { oauth: OAuthSession } }
      return handle({ event, resolve: ({ locals }) => orders(locals.oauth) })
    })
  },
  async 'react-router'(path) {
    const { oauth } = await firstBlockOf<{ oauth: WebSessions }>(path)
    return webListener(async (request) => (await oauth.route(request)) ?? orders(oauth.of(request)))
  },
}

beforeEach(async () => {
  // Their ledger lies in the folder in which they run.
  const [before, folder] = [process.cwd(), await mkdtemp(join(tmpdir(), 'refresh-once-'))]
  process.chdir(folder)
  return async () => {
    process.chdir(before)
    await rm(folder, { recursive: true })
  }
})

describe.each(Object.entries(guides))('docs/guides/%s.md', (name, build) => {
  it('begins with a block that runs as it stands there', async () => {
    const here = await stand()
    const { server, api } = await surroundings([`${here.origin}/auth/callback`])
    vi.stubEnv('ISSUER', server.issuer)
    vi.stubEnv('CLIENT_ID', server.clients.basic.id)
    vi.stubEnv('CLIENT_SECRET', server.clients.basic.secret)
    vi.stubEnv('ORIGIN', here.origin)
    vi.stubEnv('API', api)
    here.listener = await build(`docs/guides/${name}.md`)
    const browser = visitor(here.origin)

    const page = await browser.open('/orders')

    expect(page.status).toBe(200)
    expect(JSON.parse(page.body.toString())).toEqual({ orders: [1, 2] })
    expect((await browser.post('/auth/sign-out')).status).toBe(303)
    expect((await browser.get('/orders')).status).toBe(401)
  })
})
