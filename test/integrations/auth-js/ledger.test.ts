import { describe, expect, it } from 'vitest'
import { refreshCallbacks, signOutEvent } from '../../../src/integrations/auth-js.ts'
import { RefreshError } from '../../../src/index.ts'
import type { Refresher } from '../../../src/index.ts'
import { HOUR_MS, world } from '../../runtime/world.ts'

const SHOWN = { exposeAccessToken: true, tokens: 'ledger' } as const

/** What one request of a process makes of a cookie: the cookie that it writes, and the session. */
async function request(refresher: Refresher, cookie: object) {
  const callbacks = refreshCallbacks({ oidc: refresher }, SHOWN)
  const token = await callbacks.jwt({ token: structuredClone(cookie) })
  const session: Record<string, unknown> =
    token === null ? {} : await callbacks.session({ session: { user: {}, expires: '' }, token })
  return { token, session }
}

async function signedIn() {
  const stage = await world()
  const tokens = await stage.signIn()
  const account = {
    provider: 'oidc',
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    expires_at: Math.floor(tokens.expiresAtMs! / 1000),
  }
  const { jwt } = refreshCallbacks({ oidc: stage.process() }, SHOWN)
  const cookie: object = await jwt({ token: { sub: 'u' }, account, user: { id: 'u' } })
  return { ...stage, tokens, cookie }
}

describe("tokens: 'ledger'", () => {
  it('leaves a small cookie without tokens that never changes, in two processes', async () => {
    const { process, expire, server, tokens, cookie } = await signedIn()

    expire()
    // As in React Server Components, no cookie is ever written.
    const all = await Promise.all([1, 2, 3, 4].map(() => request(process(), cookie)))

    for (const { token, session } of all) {
      expect(token).toEqual(cookie)
      expect(session['error']).toBeUndefined()
      expect(session['accessToken']).toBe(all[0]!.session['accessToken'])
      expect(session['accessToken']).not.toBe(tokens.accessToken)
    }
    const text = JSON.stringify(cookie)
    expect(text).not.toContain(tokens.accessToken)
    expect(text).not.toContain(tokens.refreshToken)
    expect(text.length - JSON.stringify({ sub: 'u' }).length).toBeLessThan(400)
    expect(server.counts()).toMatchObject({ presentations: 1, presentedTwice: 0 })
    for (let hours = 0; hours < 3; hours += 1) {
      expire()
      const { session } = await request(process(), cookie)
      expect(session).toMatchObject({ accessToken: expect.any(String) })
    }
    expect(server.counts()).toMatchObject({ presentations: 4, presentedTwice: 0 })
  })

  it('deposits a session that still holds tokens, whichever request comes first', async () => {
    const { process, signIn, expire, server, clock } = await world()
    const cookie = { ...(await signIn()), provider: 'oidc', sub: 'u' }
    expire()

    const both = await Promise.all([request(process(), cookie), request(process(), cookie)])
    clock.advance(2 * HOUR_MS)
    const later = await Promise.all(both.map(({ token }) => request(process(), token)))

    for (const { token, session } of [...both, ...later]) {
      expect(token).not.toHaveProperty('accessToken')
      expect(token).not.toHaveProperty('refreshToken')
      expect(session['error']).toBeUndefined()
      expect(session).toMatchObject({ accessToken: expect.any(String) })
    }
    expect(server.counts()).toMatchObject({ presentations: 2, presentedTwice: 0 })
  })

  it('revokes at sign-out, and an old cookie then holds no session', async () => {
    const { process, cookie } = await signedIn()

    await signOutEvent({ oidc: process() })({ token: cookie })

    expect((await request(process(), cookie)).token).toBeNull()
  })

  it('shows neither handle nor token to the session callback, and keeps the handle', async () => {
    const { process, tokens, cookie } = await signedIn()
    const seen: unknown[] = []
    const callbacks = refreshCallbacks(
      { oidc: process() },
      {
        tokens: 'ledger',
        jwt: ({ token }) => ({ ...token, access_token: 'x', refreshOnce: {} }),
        session: ({ session, token }) => (seen.push(token), { ...session, token }),
      },
    )

    const token: unknown = await Promise.resolve(
      callbacks.jwt({ token: cookie as Record<string, unknown> }),
    )
    const session: unknown = await Promise.resolve(
      callbacks.session({
        session: { user: {}, expires: '' },
        token: token as object as Record<string, unknown>,
      }),
    )

    expect(token).toEqual(cookie)
    const text = JSON.stringify([session, seen])
    expect(text).not.toContain('handle_')
    expect(text).not.toContain(tokens.accessToken)
  })

  it('keeps tokens in the cookie while the ledger is down, and deposits them later', async () => {
    const { process, signIn } = await world()
    const tokens = await signIn()
    const cookie = { ...tokens, provider: 'oidc', sub: 'u' }
    const deposit = () => Promise.reject(new RefreshError('store_unavailable'))

    const during = await request({ ...process(), deposit }, cookie)
    const after = await request(process(), during.token)

    expect(during.token).toMatchObject({ refreshToken: tokens.refreshToken })
    expect(during.session).toMatchObject({ accessToken: tokens.accessToken })
    expect(after.token).not.toHaveProperty('refreshToken')
  })

  it('refuses linked providers, saying what to write', async () => {
    const { process } = await world()

    expect(() =>
      refreshCallbacks(
        { oidc: process() },
        { tokens: 'ledger', linkedProviders: 'all', previousToken: () => null },
      ),
    ).toThrow('leave linkedProviders out')
  })
})
