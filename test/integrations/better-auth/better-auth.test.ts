import { bearer } from 'better-auth/plugins/bearer'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher } from '../../../src/index.ts'
import type { Refresher } from '../../../src/index.ts'
import { refreshAccessToken, refreshOnce } from '../../../src/integrations/better-auth.ts'
import type { RefreshOnceOptions } from '../../../src/integrations/better-auth.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { firstBlockOf } from '../../docs/guide.ts'
import { startOidcServer } from '../../oidc/oidc-server.ts'
import type { OidcServer } from '../../oidc/oidc-server.ts'
import { browse } from '../../oidc/sign-in.ts'
import { gate, handClock } from '../../runtime/clock.ts'
import type { HandClock } from '../../runtime/clock.ts'
import { appOf, ORIGIN } from './stage.ts'
import type { App, AppOptions } from './stage.ts'

const HOUR_MS = 3_600_000
const REQUESTS = 20

let names = 0

interface Stage {
  readonly server: OidcServer
  readonly clock: HandClock
  readonly refresher: Refresher
  readonly app: App
  readonly lines: readonly string[]
  /** A user with a password, and the cookies of a session. */
  signUp(): Promise<{ readonly userId: string; readonly cookie: string }>
  /** Links an account of a new grant. @returns Its row's id, and its refresh token. */
  link(userId: string, providerId?: string): Promise<{ id: string; refreshToken: string }>
  row(id: string): Promise<Record<string, unknown>>
  write(id: string, fields: object): Promise<void>
  /** Ages the access token of a row, and the clock of the refresher. */
  expire(id: string): Promise<void>
  post(path: string, cookie: string, body?: object): Promise<Response>
}

type StageOptions = Partial<AppOptions> & {
  readonly refreshOnce?: RefreshOnceOptions | false
}

async function stage(options: StageOptions = {}): Promise<Stage> {
  const { refreshOnce: ours = {}, ...rest } = options
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    redirectUris: [`${ORIGIN}/api/auth/callback/oidc`],
  })
  onTestFinished(server.stop)
  const clock = handClock()
  const refresher = createRefresher({
    provider: oidc({ issuer: server.issuer }),
    client: server.clients.basic,
    ledger: { store: memoryStore({ name: `better-auth-${(names += 1)}`, clock }) },
    clock,
    onEvent: () => {},
  })
  const lines: string[] = []
  const ids = options.providers ?? ['oidc']
  const plugin = ours && refreshOnce(Object.fromEntries(ids.map((id) => [id, refresher])), ours)
  const app = appOf({
    issuer: server.issuer,
    lines,
    ...rest,
    plugins: [...(plugin ? [plugin] : []), ...(rest.plugins ?? [])],
  })
  const context = await app.$context

  async function row(id: string): Promise<Record<string, unknown>> {
    const where = [{ field: 'id', value: id }]
    return (await context.adapter.findOne<Record<string, unknown>>({ model: 'account', where }))!
  }
  async function write(id: string, fields: object): Promise<void> {
    const where = [{ field: 'id', value: id }]
    await context.adapter.update({ model: 'account', where, update: { ...fields } })
  }
  return {
    server,
    clock,
    refresher,
    app,
    lines,
    row,
    write,
    async signUp() {
      const body = { email: `u${(names += 1)}@example.com`, password: 'a password', name: 'Ann' }
      const { headers, response } = await app.api.signUpEmail({ body, returnHeaders: true })
      return { userId: response.user.id, cookie: cookieOf(headers) }
    },
    async link(userId, providerId = 'oidc') {
      const { access_token: accessToken, refresh_token: refreshToken } =
        await server.signIn('basic')
      const { id } = await context.internalAdapter.createAccount({
        userId,
        providerId,
        accountId: `account-${(names += 1)}`,
        accessToken,
        refreshToken,
        accessTokenExpiresAt: new Date(clock.now() + HOUR_MS),
      })
      return { id, refreshToken }
    },
    async expire(id) {
      clock.advance(HOUR_MS)
      await write(id, { accessTokenExpiresAt: new Date(0) })
    },
    post: (path, cookie, body = {}) =>
      app.handler(
        new Request(`${ORIGIN}/api/auth${path}`, {
          method: 'POST',
          headers: { cookie, origin: ORIGIN, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      ),
  }
}

function cookieOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

const many = <R>(call: () => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: REQUESTS }, call))

describe('getAccessToken of Better Auth', () => {
  it('alone presents the token twice, and the grant is lost', async () => {
    const { server, app, signUp, link, expire } = await stage({ refreshOnce: false })
    const { userId } = await signUp()
    const { id: accountId } = await link(userId)
    await expire(accountId)
    const body = { accountId, userId }

    const ended = await Promise.allSettled([
      app.api.getAccessToken({ body }),
      app.api.getAccessToken({ body }),
    ])

    expect(ended.map(({ status }) => status)).toContain('rejected')
    expect(server.counts()).toMatchObject({ presentedTwice: 1 })
    const tokens = ended.flatMap((each) =>
      each.status === 'fulfilled' ? [each.value.accessToken] : [],
    )
    expect(await Promise.all(tokens.map(server.isLive))).not.toContain(true)
  })

  it('presents it once for 20 calls at once, over three expiries', async () => {
    const { server, app, signUp, link, expire, row } = await stage()
    const { userId } = await signUp()
    const { id: accountId } = await link(userId)

    for (let expiry = 1; expiry <= 3; expiry += 1) {
      await expire(accountId)
      const answers = await many(() => app.api.getAccessToken({ body: { accountId, userId } }))
      expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1)
      expect(await server.isLive(answers[0]!.accessToken)).toBe(true)
      expect(server.counts()).toMatchObject({ presentations: expiry, reuses: 0 })
      expect((await row(accountId))['accessToken']).toBe(answers[0]!.accessToken)
    }
  })

  it('over HTTP, after a real sign-in', async () => {
    const { server, app, post, clock, row, write } = await stage()
    const asked = await post('/sign-in/social', '', { provider: 'oidc', callbackURL: '/' })
    const back = await browse(new URL(((await asked.json()) as { url: string }).url))
    const done = await app.handler(
      new Request(back, { headers: { cookie: cookieOf(asked.headers) } }),
    )
    const cookie = cookieOf(done.headers)
    const accounts = await app.api.listUserAccounts({ headers: new Headers({ cookie }) })
    const accountId = accounts[0]!.id
    expect((await row(accountId))['refreshToken']).toEqual(expect.any(String))
    clock.advance(HOUR_MS)
    await write(accountId, { accessTokenExpiresAt: new Date(0) })

    const answers = await many(() => post('/get-access-token', cookie, { accountId }))

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })

  it('takes the newest tokens from the ledger, when an old row comes back', async () => {
    const { server, app, signUp, link, expire, row, write } = await stage()
    const { userId } = await signUp()
    const { id: accountId, refreshToken } = await link(userId)
    await expire(accountId)
    const body = { accountId, userId }
    const { accessToken } = await app.api.getAccessToken({ body })

    await write(accountId, { refreshToken, accessToken: 'old', accessTokenExpiresAt: new Date(0) })
    const again = await app.api.getAccessToken({ body })

    expect(again.accessToken).toBe(accessToken)
    expect((await row(accountId))['refreshToken']).not.toBe(refreshToken)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })

  it('does not overwrite a sign-in that came meanwhile', async () => {
    const { server, clock, app, signUp, link, expire, row, write } = await stage()
    const { userId } = await signUp()
    const { id: accountId } = await link(userId)
    await expire(accountId)
    const signedIn = await server.signIn('basic')
    const answers = gate()
    server.faults.next({ kind: 'delay', after: answers.opened })
    const renewal = app.api.getAccessToken({ body: { accountId, userId } })
    await server.until(({ granted }) => granted === 1)
    const { access_token: accessToken, refresh_token: refreshToken } = signedIn
    const accessTokenExpiresAt = new Date(clock.now() + 2 * HOUR_MS)
    await write(accountId, { refreshToken, accessToken, accessTokenExpiresAt })
    answers.open()

    expect((await renewal).accessToken).toBe(accessToken)
    expect((await row(accountId))['refreshToken']).toBe(refreshToken)
    expect(server.counts()).toMatchObject({ presentations: 1 })
  })

  it('renews each of the accounts of a user by itself', async () => {
    const { server, app, signUp, link, expire } = await stage({
      providers: ['oidc', 'second'],
      areFirst: true,
    })
    const { userId } = await signUp()
    const ids = [await link(userId), await link(userId, 'second'), await link(userId)]
    for (const { id } of ids) await expire(id)

    const answers = await Promise.all(
      ids.map(({ id: accountId }) =>
        many(() => app.api.getAccessToken({ body: { accountId, userId } })),
      ),
    )

    const tokens = answers.map((each) => new Set(each.map(({ accessToken }) => accessToken)))
    expect(tokens.map(({ size }) => size)).toEqual([1, 1, 1])
    expect(new Set(tokens.flatMap((each) => [...each])).size).toBe(3)
    expect(server.counts()).toMatchObject({ presentations: 3, reuses: 0 })
  })

  it('reads and leaves encrypted tokens', async () => {
    const { server, app, signUp, link, expire, row, write, post } = await stage({
      account: { encryptOAuthTokens: true },
    })
    const { userId, cookie } = await signUp()
    const { id: accountId } = await link(userId)
    await expire(accountId)
    const body = { accountId, userId }
    await app.api.getAccessToken({ body })
    const stored = await row(accountId)
    expect(stored['refreshToken']).toMatch(/^[0-9a-f]+$|^\$ba\$/)
    await write(accountId, { accessTokenExpiresAt: new Date(0) })

    const { accessToken } = await app.api.getAccessToken({ body })

    expect(await server.isLive(accessToken)).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
    await post('/sign-out', cookie)
    expect(await server.isLive(accessToken)).toBe(false)
  })

  it('says why a user must sign in again, and what passes', async () => {
    const { server, clock, signUp, link, expire, post, lines } = await stage()
    const { userId, cookie } = await signUp()
    const { id: accountId, refreshToken } = await link(userId)
    await expire(accountId)
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 60 })

    const passing = await post('/get-access-token', cookie, { accountId })
    clock.advance(61_000)
    server.endGrant(refreshToken)
    const ended = await post('/get-access-token', cookie, { accountId })

    expect(passing.status).toBe(400)
    expect(passing.headers.get('retry-after')).toBe('5')
    expect(await passing.json()).toMatchObject({
      code: 'FAILED_TO_GET_ACCESS_TOKEN',
      needsSignIn: false,
    })
    expect(ended.status).toBe(400)
    expect(await ended.json()).toMatchObject({
      code: 'FAILED_TO_GET_ACCESS_TOKEN',
      refreshError: 'rejected',
      needsSignIn: true,
      reason: 'refused_by_server',
    })
    expect(lines.filter((line) => line.startsWith('refresh-once: '))).toHaveLength(2)
  })
})

describe('refreshToken of Better Auth', () => {
  it('presents once for 20 calls at once, although the access token is good', async () => {
    const { server, app, signUp, link, clock } = await stage()
    const { userId } = await signUp()
    const { id: accountId } = await link(userId)
    const body = { accountId, userId }

    const answers = await many(() => app.api.refreshToken({ body }))
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })

    clock.advance(60_000)
    const next = await app.api.refreshToken({ body })
    expect(next.accessToken).not.toBe(answers[0]!.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 2, reuses: 0 })
  })
})

describe('a sign-out', () => {
  it('revokes the tokens when the last session ends', async () => {
    const { server, app, signUp, link, post } = await stage()
    const { userId, cookie } = await signUp()
    const { refreshToken, id: accountId } = await link(userId)
    const { internalAdapter } = await app.$context
    const other = await internalAdapter.createSession(userId)

    await post('/sign-out', cookie)
    expect(await server.isLive(refreshToken)).toBe(true)
    await internalAdapter.deleteSession(other.token)
    const { email } = (await internalAdapter.findUserById(userId))!
    const body = { email, password: 'a password' }
    const again = await app.api.signInEmail({ body, returnHeaders: true })
    await post('/sign-out', cookieOf(again.headers))

    expect(await server.isLive(refreshToken)).toBe(false)
    const renewal = app.api.refreshToken({ body: { accountId, userId } })
    const error = await renewal.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ body: { needsSignIn: true, reason: 'signed_out' } })
  })

  it.each([
    ['every', false],
    ['keep', true],
  ] as const)('with %s', async (signOut, isLive) => {
    const { server, app, signUp, link, post } = await stage({ refreshOnce: { signOut } })
    const { userId, cookie } = await signUp()
    const { refreshToken } = await link(userId)
    await (await app.$context).internalAdapter.createSession(userId)

    const { status } = await post('/sign-out', cookie)

    expect(status).toBe(200)
    expect(await server.isLive(refreshToken)).toBe(isLive)
  })

  it('without a cookie, by the plugin bearer', async () => {
    const { server, app, signUp, link } = await stage({ plugins: [bearer()] })
    const { userId } = await signUp()
    const { refreshToken } = await link(userId)
    const { internalAdapter } = await app.$context
    const [session] = await internalAdapter.listSessions(userId)
    const headers = new Headers({ authorization: `Bearer ${session!.token}` })

    await app.api.signOut({ headers })

    expect(await server.isLive(refreshToken)).toBe(false)
  })

  it('reports nothing to the user if the AS is down', async () => {
    const { server, signUp, link, post } = await stage()
    const { userId, cookie } = await signUp()
    await link(userId)
    await server.stop()

    expect((await post('/sign-out', cookie)).status).toBe(200)
  })
})

describe('an account that goes', () => {
  it('is revoked when it is unlinked', async () => {
    const { server, signUp, link, post } = await stage()
    const { userId, cookie } = await signUp()
    const [{ id: accountId, refreshToken }, kept] = [await link(userId), await link(userId)]

    expect((await post('/unlink-account', cookie, { accountId })).status).toBe(200)

    expect(await server.isLive(refreshToken)).toBe(false)
    expect(await server.isLive(kept.refreshToken)).toBe(true)
  })

  it('is revoked when its user is deleted', async () => {
    const { server, signUp, link, post } = await stage()
    const { userId, cookie } = await signUp()
    const { refreshToken } = await link(userId)

    expect((await post('/delete-user', cookie, {})).status).toBe(200)

    expect(await server.isLive(refreshToken)).toBe(false)
  })
})

describe('refreshAccessToken', () => {
  it('is all that a provider of socialProviders needs', async () => {
    const { server, refresher } = await stage()
    const app = appOf({
      issuer: server.issuer,
      providers: [],
      socialProviders: {
        github: {
          clientId: 'an-id',
          clientSecret: 'a-secret',
          refreshAccessToken: refreshAccessToken(refresher),
        },
      },
    })
    const { internalAdapter } = await app.$context
    const user = await internalAdapter.createUser(
      { email: 'a@example.com', name: 'Ann' },
      undefined as never,
    )
    const { refresh_token: refreshToken } = await server.signIn('basic')
    const { id: accountId } = await internalAdapter.createAccount({
      userId: user.id,
      providerId: 'github',
      accountId: '1',
      accessToken: 'old',
      refreshToken,
      accessTokenExpiresAt: new Date(0),
    })

    const body = { accountId, userId: user.id }
    const answers = await many(() => app.api.getAccessToken({ body }))

    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(await server.isLive(answers[0]!.accessToken)).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })
})

describe('docs/guides/better-auth.md', () => {
  it('begins with a block that runs as it stands there', async () => {
    const { server } = await stage()
    vi.stubEnv('BETTER_AUTH_URL', ORIGIN)
    vi.stubEnv('BETTER_AUTH_SECRET', 'the-secret-of-the-guide-00000000')
    vi.stubEnv('ISSUER', server.issuer)
    vi.stubEnv('CLIENT_ID', server.clients.basic.id)
    vi.stubEnv('CLIENT_SECRET', server.clients.basic.secret)
    const { auth } = await firstBlockOf<{ auth: App }>('docs/guides/better-auth.md')
    const { internalAdapter } = await auth.$context
    const user = await internalAdapter.createUser(
      { email: 'a@example.com', name: 'Ann' },
      undefined as never,
    )
    const { refresh_token: refreshToken } = await server.signIn('basic')
    const { id: accountId } = await internalAdapter.createAccount({
      userId: user.id,
      providerId: 'my-provider',
      accountId: '1',
      accessToken: 'old',
      refreshToken,
      accessTokenExpiresAt: new Date(0),
    })

    const body = { accountId, userId: user.id }
    const answers = await many(() => auth.api.getAccessToken({ body }))

    expect(await server.isLive(answers[0]!.accessToken)).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })
})

describe('the configuration', () => {
  it('refuses what cannot work, and says what to write', async () => {
    const { refresher, server } = await stage()
    const start = (plugin: ReturnType<typeof refreshOnce>, account = {}): Promise<unknown> =>
      Promise.resolve(appOf({ issuer: server.issuer, plugins: [plugin], account }).$context)

    expect(() => refreshAccessToken({} as Refresher)).toThrow(/write createRefresher/)
    expect(() => refreshOnce({ oidc: {} as Refresher })).toThrow(/write createRefresher/)
    expect(() => refreshOnce({ oidc: refresher }, { signOut: 'always' as 'every' })).toThrow(
      /signOut is 'always'/,
    )
    await expect(start(refreshOnce({ odic: refresher }))).rejects.toThrow(
      /no provider odic: did you mean oidc/,
    )
    await expect(
      start(refreshOnce({ oidc: refresher }), { updateAccountOnSignIn: false }),
    ).rejects.toThrow(/signOut: 'keep'/)
  })
})
