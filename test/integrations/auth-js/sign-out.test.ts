import { describe, expect, it, vi } from 'vitest'
import { isSignedIn, signOutEvent } from '../../../src/integrations/auth-js.ts'
import type { JwtParams } from '../../../src/integrations/auth-js.ts'
import { world } from '../../runtime/world.ts'
import { authJs5, nextAuth4Handler, type Framework } from './frameworks.ts'
import { expectGood, expectOver, HOUR_MS, stage } from './stage.ts'

/** What NextAuth 4 logs when it ends a session, because it knows no `null`. */
const told = (framework: Framework, times: number): unknown[] =>
  Array.from({ length: framework === nextAuth4Handler ? times : 0 }, () => expect.any(Error))

describe.each([authJs5, nextAuth4Handler])('signOutEvent in $name', (framework) => {
  it('ends the chain with a cookie that is generations old, for every holder', async () => {
    const { clock, server, errors, signedInBrowser } = await stage({ framework })
    const user = await signedInBrowser()
    const [old, other] = [user.copy(), user.copy()]
    for (let hours = 0; hours < 2; hours += 1) {
      clock.advance(HOUR_MS)
      expectGood(await user.session())
    }
    expectGood(await other.session())

    await old.signOut()
    clock.advance(HOUR_MS)

    expect(await old.session()).toBeNull()
    expect(await user.session()).toBeNull()
    expect(await other.session()).toBeNull()
    expect(errors.splice(0)).toEqual(told(framework, 2))
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 0, dead: 1 } })
  })

  it('ends the session of a cookie that a late response puts back', async () => {
    const jwt = vi.fn(({ token }: JwtParams) => token)
    const options = { jwt }
    const { clock, server, errors, signedInBrowser } = await stage({ framework, options })
    const user = await signedInBrowser()
    const { cookies } = user

    await user.signOut()
    user.putBack(cookies)
    clock.advance(HOUR_MS)
    jwt.mockClear()
    const session = await user.session()
    const left = [...user.cookies.keys()].filter((name) => name.includes('session-token'))

    expect(session).toBeNull()
    expect(left).toEqual([])
    expect(await user.session()).toBeNull()
    expect(jwt).not.toHaveBeenCalled()
    expect(errors.splice(0)).toEqual(told(framework, 1))
    expect(server.counts()).toMatchObject({ presentations: 0, grants: { live: 0 } })
  })

  it('ends the session for the client that asks with update() as well', async () => {
    const { clock, errors, signedInBrowser } = await stage({ framework })
    const user = await signedInBrowser()
    const copy = user.copy()

    await user.signOut()
    clock.advance(HOUR_MS)

    expect(await copy.update({ name: 'Eve' })).toBeNull()
    expect(errors.splice(0)).toEqual(told(framework, 1))
  })

  it('keeps the error of a grant that the AS ended, so that the page can say so', async () => {
    const { clock, server, issued, signedInBrowser } = await stage({ framework })
    const user = await signedInBrowser()

    server.endGrant(issued[0]!)
    clock.advance(HOUR_MS)

    expectOver(await user.session())
    await user.signOut()
    expect(await user.session()).toBeNull()
  })

  it.each([
    ['that was renewed', 1],
    ['of the sign-in', 0],
  ])(
    'makes a copy of a cookie %s worthless at once with `revocationCheckMs: 0`',
    async (_, expiries) => {
      const refresher = { revocationCheckMs: 0 }
      const { clock, server, errors, signedInBrowser } = await stage({ framework, refresher })
      const user = await signedInBrowser()
      clock.advance(expiries * HOUR_MS)
      expectGood(await user.session())
      const copy = user.copy()
      expectGood(await copy.session())

      await user.signOut()

      expect(await copy.session()).toBeNull()
      expect(errors.splice(0)).toEqual(told(framework, 1))
      expect(server.counts()).toMatchObject({ presentations: expiries, grants: { live: 0 } })
    },
  )
})

describe('signOutEvent', () => {
  it('ends every linked set', async () => {
    const { server, process, signIn } = await world()
    const [main, linked] = [await signIn(), await signIn()]
    const refresher = process()
    const { accessToken: access_token, refreshToken: refresh_token } = main
    const mark = { provider: 'one', sets: { other: linked } }

    await signOutEvent({ one: refresher, other: refresher })({
      token: { access_token, refresh_token, refreshOnce: mark },
    })

    expect(server.counts().grants).toEqual({ live: 0, dead: 2 })
  })

  it('is told whose tokens a cookie holds that does not say so', async () => {
    const { server, process, signIn } = await world()
    const event = signOutEvent({ oidc: process() }, { legacyCookieProvider: 'oidc' })

    await event({ token: await signIn() })

    expect(server.counts().grants.live).toBe(0)
  })

  it.each([
    ['no token', { token: null }],
    ['a token without tokens', { token: { sub: '1' } }],
    ['a session of a database', { session: { userId: '1', sessionToken: 's' } }],
    ['a session that the adapter did not return', { session: undefined }],
  ])('does nothing with %s', async (_, message) => {
    const { process, store } = await world()

    await signOutEvent({ oidc: process() })(message)

    expect(store.calls).toBe(0)
  })

  it('revokes the rows of the user where it is told how to find them', async () => {
    const { server, process, signIn } = await world()
    const { accessToken: access_token, refreshToken: refresh_token } = await signIn()
    const row = { userId: '1', provider: 'oidc', access_token, refresh_token, expires_at: null }
    const find = (userId: string) => Promise.resolve(userId === '1' ? [row] : [])

    await signOutEvent({ oidc: process() }, { find })({ session: { userId: '1' } })

    expect(server.counts().grants.live).toBe(0)
  })

  it('does not fail when the rows cannot be found, and says so', async () => {
    const { process } = await world()
    const lines: string[] = []
    const find = () => Promise.reject(new Error('the database is away'))
    const event = signOutEvent({ oidc: process() }, { find, log: (line) => lines.push(line) })

    await event({ session: { userId: '1' } })

    expect(lines).toEqual(['refresh-once: signOutEvent failed'])
  })
})

describe('isSignedIn', () => {
  const user = { name: 'Ada' }

  it.each([
    ['a session', { user, expires: 'soon' }],
    ['a session whose user has no name', { user: {} }],
    ['a session with errors of linked providers', { user, errors: { other: 'RefreshTokenError' } }],
    ['a session without an error', { user, error: undefined }],
    ['the token of NextAuth 4', { sub: '1', iat: 1 }],
  ])('takes %s', (_, session) => {
    expect(isSignedIn(session)).toBe(true)
  })

  it.each([
    ['no session', null],
    ['a session that is loading', undefined],
    ['a session that has ended', { user, error: 'RefreshTokenError' }],
    ['one of NextAuth 4', { user, error: 'RefreshAccessTokenError' }],
    ['one with an error of the application', { user, error: 'Banned' }],
    ['a token with an error', { sub: '1', error: 'RefreshTokenError' }],
    ['what next-auth answers where it is not configured', { message: 'There was a problem' }],
    ['an empty answer', {}],
  ])('does not take %s', (_, session) => {
    expect(isSignedIn(session)).toBe(false)
  })
})
