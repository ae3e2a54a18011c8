import { Auth } from '@auth/core'
import Credentials from '@auth/core/providers/credentials'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRefresher } from '../../src/index.ts'
import { refreshCallbacks } from '../../src/integrations/auth-js.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from '../runtime/clock.ts'
import { SHAPES, type Shape } from './backend-shapes.ts'
import { startBackend } from './express-backend.ts'

const HOUR_S = 3_600
const ORIGIN = 'http://app.example'

interface Session {
  readonly accessToken?: string
  readonly error?: string
  readonly user?: { readonly name?: string }
}

let names = 0

/** The application of docs/guides/credentials.md, and a browser. */
async function world({ login, api: apiAt }: Shape) {
  const clock = handClock()
  const server = await startBackend({
    users: { ada: 'lovelace' },
    accessTokenS: HOUR_S,
    now: clock.now,
  })
  onTestFinished(server.stop)
  const api = apiAt(server.origin)
  const refresher = createRefresher({
    provider: api,
    client: { id: 'web' },
    ledger: { store: memoryStore({ name: `credentials-auth-js-${(names += 1)}`, clock }) },
    clock,
    onEvent: () => {},
  })
  const config = {
    basePath: '/auth',
    secret: 'of the test',
    trustHost: true,
    providers: [
      Credentials({
        credentials: { name: {}, password: {} },
        async authorize({ name, password }) {
          const response = await fetch(`${server.origin}${login}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ name, password }),
          })
          if (response.status === 401) return null
          const tokens = await api.signIn(response, clock.now())
          // The cookie shape says no name.
          const { user } = (await response.json()) as { user?: { name: string } }
          return { ...tokens, id: 'ada', name: user?.name ?? 'ada' }
        },
      }),
    ],
    callbacks: refreshCallbacks({ credentials: refresher }, { exposeAccessToken: true }),
    logger: { error: () => {} },
  }

  /** One request with a cookie jar; what comes back goes into the jar. */
  async function ask(jar: Map<string, string>, path: string, body?: URLSearchParams) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const request = new Request(`${ORIGIN}/auth${path}`, {
      headers: { cookie },
      ...(body !== undefined && { method: 'POST', body }),
    })
    const response = await Auth(request, config)
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      jar.set(name!, value!)
    }
    return response
  }

  return {
    server,
    pass: (seconds: number): void => clock.advance(seconds * 1000),
    async signIn(password: string): Promise<Map<string, string>> {
      const jar = new Map<string, string>()
      const { csrfToken } = (await (await ask(jar, '/csrf')).json()) as { csrfToken: string }
      const form = new URLSearchParams({ csrfToken, name: 'ada', password })
      await ask(jar, '/callback/credentials', form)
      return jar
    },
    session: async (jar: Map<string, string>) =>
      (await (await ask(jar, '/session')).json()) as Session | null,
    isGood: async (token: string | undefined) =>
      (await fetch(`${server.origin}/me`, { headers: { authorization: `Bearer ${token}` } })).ok,
  }
}

describe.each(SHAPES)('docs/guides/credentials.md, with @auth/core: $name', (shape) => {
  it('keeps everybody’s session good over two expiries, old cookies too', async () => {
    const { server, pass, signIn, session, isGood } = await world(shape)
    const jar = await signIn('lovelace')
    expect(await session(jar)).toMatchObject({ user: { name: 'ada' } })
    const cookies = [new Map(jar)]

    for (let expiry = 1; expiry <= 2; expiry += 1) {
      pass(HOUR_S)
      const seen = await Promise.all(
        Array.from({ length: 20 }, (_, i) => session(new Map(cookies[i % cookies.length]))),
      )
      expect(new Set(seen.map((each) => each?.accessToken)).size).toBe(1)
      expect(seen.map((each) => each?.error)).toEqual(seen.map(() => undefined))
      expect(await isGood(seen[0]?.accessToken)).toBe(true)
      expect(server.counts()).toMatchObject({ presentations: expiry, ofOneMax: 1 })
      await session(jar)
      cookies.push(new Map(jar))
    }
  })

  it('says once and for all that the backend ended the session', async () => {
    const { server, pass, signIn, session } = await world(shape)
    const jar = await signIn('lovelace')
    server.endSessions()
    pass(HOUR_S)

    const seen = [await session(jar), await session(jar)]

    for (const each of seen) expect(each).toMatchObject({ error: expect.any(String) })
    expect(seen.map((each) => each?.accessToken)).toEqual([undefined, undefined])
    expect(server.counts().presentations).toBe(1)
  })

  it('signs nobody in with a wrong password', async () => {
    const { signIn, session } = await world(shape)

    expect(await session(await signIn('byron'))).toBeNull()
  })
})
