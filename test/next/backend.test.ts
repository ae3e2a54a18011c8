import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADA, startBackend, type Backend } from './backend.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import { tryToSignIn, type Visitor } from './visitor.ts'
import { NOTICE, watched } from './watched.ts'

let api: Backend
let world: Stage

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
  api = await startBackend(LIFETIME_MS)
  const env = { PROVIDER: 'credentials', AUTH_ISSUER: api.origin, PROFILE: `${api.origin}/me` }
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [
      { callbacks: 'ours', client: 'public', env: { ...env, REFRESH: 'json' } },
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

/** In the cookie, tokens of credentials are called as in a token set. */
async function tokensOf(who: Visitor) {
  return (await who.token()) as unknown as { accessToken: string; refreshToken: string }
}

describe.each([
  ['JSON by POST', 0],
  ['a cookie by GET', 1],
])('a backend that refreshes with %s', (_, index) => {
  it('asks again after a wrong password', async () => {
    const app = world.apps[index]!
    const { page, cookie, close } = await world.nobody(app)

    await tryToSignIn(page, app, { ...ADA, password: 'wrong' })
    await page.getByText('Sign in failed').waitFor()

    expect(await cookie()).toBe('')
    await close()
  })

  it('is presented each refresh token once, and the user is signed out once', async () => {
    const who = await world.visitor(world.apps[index]!, ADA)
    const spent: string[] = []
    for (let expiries = 1; expiries <= 2; expiries += 1) {
      const tokens = await tokensOf(who)
      await expire(tokens)
      const paths = ['/api/bare', '/api/wrapped', '/unproxied/bare', '/unproxied/wrapped']
      expect(await who.ask(paths)).toEqual(paths.map(() => ADA.name))
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
