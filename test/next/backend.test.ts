import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { backend } from '../../docs/examples/credentials-backend/backend.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'
import { NOTICE, watched } from './watched.ts'

const [NAME, PASSWORD] = ['ada', 'correct horse']

let api: Awaited<ReturnType<typeof startBackend>>
let world: Stage

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
  api = await startBackend()
  const env = { PROVIDER: 'credentials', AUTH_ISSUER: api.origin, PROFILE: `${api.origin}/me` }
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { callbacks: 'ours', client: 'public', env },
      { callbacks: 'ours', client: 'public', env: { ...env, REFRESH: 'cookie' } },
    ],
  })
}, BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await api?.stop()
  vi.useRealTimers()
})

/** Lets access tokens expire, by everybody's clock: they are JWTs that say when. */
async function expire({ accessToken }: { readonly accessToken: string }): Promise<void> {
  vi.setSystemTime(vi.getMockedSystemTime()!.getTime() + LIFETIME_MS)
  await Promise.all(world.apps.map((app) => app.advance(LIFETIME_MS)))
  const headers = { authorization: `Bearer ${accessToken}` }
  expect((await fetch(`${api.origin}/me`, { headers })).status).toBe(401)
}

/** The example, and what it is asked. */
async function startBackend() {
  const presented = new Map<string, number>()
  const example = backend({ users: { [NAME]: PASSWORD }, accessTokenS: LIFETIME_MS / 1000 })
  const app = express().use(express.json())
  app.use(({ path, body, headers }: Request<object, unknown, Body | undefined>, _, next) => {
    const cookie = /refresh=([^;]*)/.exec(headers.cookie ?? '')?.[1]
    const token = cookie ?? body?.userRefreshToken
    if (path.endsWith('/refresh') && token) presented.set(token, (presented.get(token) ?? 0) + 1)
    next()
  })
  const server = app.use(example).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    presented,
    revoke: (token: string) =>
      fetch(`${origin}/revoke`, { method: 'POST', body: new URLSearchParams({ token }) }),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Body {
  readonly userRefreshToken?: string
}

/** Somebody who fills in the form. */
async function signIn(app: App, password: string): Promise<Visitor> {
  const who = await world.nobody(app)
  await who.page.goto(app.origin)
  await who.page.getByRole('button', { name: 'Sign in' }).click()
  await who.page.locator('input[name=name]').fill(NAME)
  await who.page.locator('input[name=password]').fill(password)
  await who.page.getByRole('button', { name: 'Sign in with Credentials' }).click()
  return who
}

/** In the cookie, tokens of credentials are called as in a token set. */
async function tokensOf(who: Visitor) {
  return (await who.token()) as unknown as { accessToken: string; refreshToken: string }
}

describe.each([
  ['JSON by POST', 0],
  ['a cookie by GET', 1],
])('a backend that refreshes with %s', (_, index) => {
  it('asks again after a wrong password', async () => {
    const { page, cookie, close } = await signIn(world.apps[index]!, 'wrong')

    await page.getByText('Sign in failed').waitFor()

    expect(await cookie()).toBe('')
    await close()
  })

  it('is presented each refresh token once, and the user is signed out once', async () => {
    const who = await signIn(world.apps[index]!, PASSWORD)
    await who.page.getByRole('heading', { name: `Hello, ${NAME}` }).waitFor()
    const spent: string[] = []
    for (let expiries = 1; expiries <= 2; expiries += 1) {
      const tokens = await tokensOf(who)
      await expire(tokens)
      const paths = ['/api/bare', '/api/wrapped', '/unproxied/bare', '/unproxied/wrapped']
      expect(await who.ask(paths)).toEqual(paths.map(() => NAME))
      spent.push(tokens.refreshToken)
    }
    const { notices, signOuts, pass } = await watched(who.context)
    const last = await tokensOf(who)
    await api.revoke(last.refreshToken)
    await expire(last)

    expect(await who.open('/')).toBe('No name: sign in again')
    await who.page.getByText(NOTICE).waitFor()
    await pass(58_000)
    await who.page.getByRole('heading', { name: 'No name: signed out' }).waitFor()

    expect(await who.cookie()).toBe('')
    expect([notices.get(who.page), signOuts()]).toEqual([1, 1])
    for (const token of [...spent, last.refreshToken]) expect(api.presented.get(token)).toBe(1)
    await who.close()
  })
})
