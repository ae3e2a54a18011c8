import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decode, encode } from 'next-auth/jwt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { refreshCallbacks } from '../../src/integrations/auth-js.ts'
import { nextAuth4Proxy, refreshProxy, type AnyProxy } from '../../src/integrations/next.ts'
import { world } from '../runtime/world.ts'

const NAME = 'authjs.session-token'
const FOUR = 'next-auth.session-token'
const LISTED = 'x-middleware-override-headers'

const requestOf = (path: string, cookie: string): Request =>
  new Request(`https://example.com${path}`, { headers: { cookie, accept: 'text/html' } })

/** An answer of `auth`: with the lines of the application's own proxy before those of Auth.js. */
function answers(lines: readonly string[], headers: Record<string, string> = {}): AnyProxy {
  return () => {
    const response = new Response(null, { headers: { 'x-middleware-next': '1', ...headers } })
    for (const line of lines) response.headers.append('set-cookie', line)
    return response
  }
}

const set = (name: string, value: string): string => `${name}=${value}; Path=/; HttpOnly`

/** The cookies that a page would see. */
const seen = ({ headers }: Response): string | null => headers.get('x-middleware-request-cookie')

describe('refreshProxy', () => {
  it.each([
    NAME,
    '__Secure-authjs.session-token',
    'next-auth.session-token',
    '__Secure-next-auth.session-token',
  ])('hands %s on, with every other header', async (name) => {
    const proxy = refreshProxy(answers([set(name, 'new')]))

    const response = await proxy(requestOf('/', `a=1; ${name}=old; b=2`))

    expect(seen(response)).toBe(`a=1; b=2; ${name}=new`)
    expect(response.headers.get(LISTED)).toBe('accept,cookie')
    expect(response.headers.get('x-middleware-request-accept')).toBe('text/html')
    expect(response.headers.getSetCookie()).toEqual([set(name, 'new')])
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('vary')).toBe('Cookie')
  })

  it('knows a name of the application’s own, and no other then', async () => {
    const own = refreshProxy(answers([set('sid', 'new')]), { cookieName: 'sid' })
    const other = refreshProxy(answers([set(NAME, 'new')]), { cookieName: 'sid' })

    expect(seen(await own(requestOf('/', 'sid.0=a; sid.1=b')))).toBe('sid=new')
    expect(seen(await other(requestOf('/', `${NAME}=old`)))).toBeNull()
  })

  it('leaves what has nothing to do with a session as it is', async () => {
    const response = new Response('text', { headers: { 'set-cookie': 'theme=dark' } })
    const proxy = refreshProxy(() => response)

    expect(await proxy(requestOf('/', `${NAME}=old`))).toBe(response)
  })

  it('overrules the caching of a proxy that sets the session', async () => {
    const headers = { 'cache-control': 'public, max-age=60', vary: 'Accept-Language' }
    const proxy = refreshProxy(answers([set(NAME, 'new')], headers))

    const response = await proxy(requestOf('/', `${NAME}=old`))

    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('vary')).toBe('Accept-Language, Cookie')
  })

  it('sends a redirect with the cookie to the browser only', async () => {
    const location = 'https://example.com/elsewhere'
    const proxy = refreshProxy(() => {
      const response = new Response(null, { status: 307, headers: { location } })
      response.headers.append('set-cookie', set(NAME, 'new'))
      return response
    })

    const response = await proxy(requestOf('/', `${NAME}=old`))

    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe(location)
    expect(response.headers.getSetCookie()).toEqual([set(NAME, 'new')])
    expect(response.headers.has(LISTED)).toBe(false)
  })

  it('changes the cookie in headers that the application hands on itself', async () => {
    const proxy = refreshProxy(
      answers([set(NAME, 'new')], {
        [LISTED]: 'x-nonce,cookie',
        'x-middleware-request-x-nonce': '7',
        'x-middleware-request-cookie': `${NAME}=old; a=1`,
      }),
    )

    const response = await proxy(requestOf('/', `${NAME}=old; a=1; b=2`))

    expect(seen(response)).toBe(`a=1; ${NAME}=new`)
    expect(response.headers.get(LISTED)).toBe('x-nonce,cookie')
  })

  it('puts no cookie before a page that the application keeps cookies from', async () => {
    const headers = { [LISTED]: 'accept', 'x-middleware-request-accept': '*/*' }
    const proxy = refreshProxy(answers([set(NAME, 'new')], headers))

    const response = await proxy(requestOf('/', `${NAME}=old`))

    expect(response.headers.get(LISTED)).toBe('accept')
    expect(seen(response)).toBeNull()
  })

  it.each([
    ['a cookie', [`${NAME}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`, set(NAME, 'new')]],
    [
      'chunks',
      [
        `${NAME}.0=; Path=/; Max-Age=0`,
        `${NAME}.1=; Path=/; Max-Age=0`,
        set(`${NAME}.0`, 'new'),
        set(`${NAME}.1`, 'er'),
      ],
    ],
    [
      'a cookie that Auth.js parts',
      [
        `${NAME}=; Path=/; Max-Age=0`,
        `${NAME}=; Path=/; Max-Age=0`,
        set(`${NAME}.0`, 'new'),
        set(`${NAME}.1`, 'er'),
      ],
    ],
  ])('lets a deletion by the application stand: %s', async (_, lines) => {
    const proxy = refreshProxy(answers(lines))

    const response = await proxy(requestOf('/', `${NAME}=old; a=1`))

    expect(seen(response)).toBe('a=1')
    for (const line of response.headers.getSetCookie()) expect(line).toMatch(/=;/)
  })

  it('sets no session on the routes of Auth.js, wherever they are', async () => {
    const lines = [set('theme', 'dark'), set(NAME, 'new'), `${NAME}.0=; Max-Age=0`]
    const at = async (path: string, basePath?: string): Promise<string[]> => {
      const proxy = refreshProxy(answers(lines), basePath === undefined ? {} : { basePath })
      return (await proxy(requestOf(path, `${NAME}.0=old`))).headers.getSetCookie()
    }

    expect(await at('/api/auth/signout')).toEqual([set('theme', 'dark')])
    expect(await at('/auth/session', '/auth')).toEqual([set('theme', 'dark')])
    expect(await at('/api/authors')).toContain(set(NAME, 'new'))
    expect(await at('/api/auth/session', '/auth')).toContain(set(NAME, 'new'))
  })

  it.each(['/api/auth', '/app/api/auth'])(
    'knows the routes of Auth.js under the basePath of the application by %s',
    async (basePath) => {
      const proxy = refreshProxy(answers([set(NAME, 'new')]), { basePath })
      const nextUrl = { basePath: '/app', pathname: '/api/auth/session' }
      const request = Object.assign(requestOf('/app/api/auth/session', ''), { nextUrl })

      expect((await proxy(request)).headers.getSetCookie()).toEqual([])
    },
  )

  it('takes what auth makes of a proxy when it is configured lazily, and no answer', async () => {
    const lazy = refreshProxy(Promise.resolve(answers([set(NAME, 'new')])))
    const silent = refreshProxy(() => undefined)

    expect(seen(await lazy(requestOf('/', `${NAME}=old`)))).toBe(`${NAME}=new`)
    expect((await silent(requestOf('/', ''))).headers.get('x-middleware-next')).toBe('1')
  })

  it('says so where a proxy answers something else', async () => {
    await expect(refreshProxy(() => ({ user: {} }))(requestOf('/', ''))).rejects.toThrow(
      'no Response',
    )
  })
})

describe('the response of a handler behind the proxy', () => {
  /** The lines of a response that Next makes: the proxy's first, then the handler's. */
  async function answered(answer: (response: ServerResponse) => void): Promise<string[]> {
    const server = createServer((_, response) => {
      answer(response)
      response.end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { headers } = await fetch(`http://127.0.0.1:${port}`)
    return headers.getSetCookie()
  }

  it.each([
    [
      'appends each',
      (response: ServerResponse, line: string) => response.appendHeader('set-cookie', line),
    ],
    [
      'sets all again',
      (response: ServerResponse, line: string) =>
        response.setHeader(
          'Set-Cookie',
          [response.getHeader('set-cookie') as string[], line].flat(),
        ),
    ],
  ])('sets the session once, the last, if it %s', async (_, add) => {
    refreshProxy(answers([]))
    refreshProxy(answers([]), { cookieName: 'sid' })

    const lines = await answered((response) => {
      const gone = `${NAME}.2=; Max-Age=0`
      response.setHeader('set-cookie', [set(`${NAME}.0`, 'a'), set(`${NAME}.1`, 'b'), gone, 'a=1'])
      for (const each of [
        set(`${NAME}.0`, 'c'),
        `${NAME}.1=; Max-Age=0`,
        'a=2',
        'sid=1',
        'sid=2',
      ]) {
        add(response, each)
      }
    })

    expect(lines).toEqual([
      `${NAME}.2=; Max-Age=0`,
      'a=1',
      set(`${NAME}.0`, 'c'),
      `${NAME}.1=; Max-Age=0`,
      'a=2',
      'sid=2',
    ])
  })

  it('leaves other headers as they are', async () => {
    const lines = await answered((response) => {
      response
        .setHeader('set-cookie', 'a=1')
        .appendHeader('vary', 'Cookie')
        .appendHeader('vary', 'RSC')
      expect(response.getHeader('vary')).toEqual(['Cookie', 'RSC'])
    })

    expect(lines).toEqual(['a=1'])
  })
})

describe('nextAuth4Proxy', () => {
  const secret = 'the-secret-of-the-application-under-test'

  async function application({ ballast = 0 } = {}) {
    const { server, clock, process, signIn } = await world()
    const refresher = process()
    const token = await signIn()
    const callbacks = refreshCallbacks({ oidc: refresher })
    const filler = 'x'.repeat(ballast)
    const held = { ...token, provider: 'oidc', filler }
    const cookie = `${FOUR}=${await encode({ token: held, secret })}`
    return { server, clock, callbacks, cookie }
  }

  /** The token in the cookies that a page would see. */
  async function tokenIn(cookies: string | null) {
    const chunks = (cookies ?? '').split('; ').filter((pair) => pair.startsWith(FOUR))
    const token = chunks.map((pair) => pair.slice(pair.indexOf('=') + 1)).join('')
    return { chunks: chunks.length, token: await decode({ token, secret }) }
  }

  it('renews, for the proxy that follows, the page and the browser', async () => {
    const { server, clock, callbacks, cookie } = await application()
    let passed: Request | undefined
    const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode }, (request: Request) => {
      passed = request
    })
    const jar = new Map([[FOUR, cookie.split('=')[1]!]])
    const request = Object.assign(requestOf('/', cookie), { cookies: jar })
    clock.advance(3_600_000)

    const response = await proxy(request)

    expect(passed).toBe(request)
    const { token } = await tokenIn(seen(response))
    expect(token?.['grant']).toMatch(/\.1\./)
    expect(`${FOUR}=${jar.get(FOUR)}`).toBe(seen(response))
    expect(response.headers.getSetCookie()).toEqual([
      `${seen(response)}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax`,
    ])
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(server.counts()).toMatchObject({ presentations: 1, presentedTwice: 0 })
  })

  it('writes no cookie while nothing changes', async () => {
    const { server, callbacks, cookie } = await application()
    const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode })
    const first = await proxy(requestOf('/', cookie))

    const second = await proxy(requestOf('/', seen(first)!))

    expect(second.headers.getSetCookie()).toEqual([])
    expect(second.headers.get('x-middleware-next')).toBe('1')
    expect(server.counts().presentations).toBe(0)
  })

  it('parts a large cookie, and takes the whole one away', async () => {
    const { clock, callbacks, cookie } = await application({ ballast: 3_500 })
    const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode })
    clock.advance(3_600_000)

    const response = await proxy(requestOf('/', cookie))

    const { chunks, token } = await tokenIn(seen(response))
    expect(chunks).toBe(2)
    expect(token?.['filler']).toHaveLength(3_500)
    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual([
      `${FOUR}.0`,
      `${FOUR}.1`,
      FOUR,
    ])
  })

  it.each([
    ['a cookie of another secret', { cookie: `${FOUR}=nonsense` }],
    ['no cookie', { cookie: 'a=1' }],
    ['a route of NextAuth', { path: '/api/auth/session' }],
    ['a callback that throws', { jwt: () => Promise.reject(new Error('no')) }],
  ])('does nothing with %s', async (_, { cookie, path = '/', jwt }: Trouble) => {
    const app = await application()
    const callbacks = jwt ? { jwt } : app.callbacks
    const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode })
    app.clock.advance(3_600_000)

    const response = await proxy(requestOf(path, cookie ?? app.cookie))

    expect([...response.headers]).toEqual([['x-middleware-next', '1']])
    expect(app.server.counts().presentations).toBe(0)
  })

  it('ends the session that the callback ends', async () => {
    const { cookie } = await application()
    const proxy = nextAuth4Proxy({ callbacks: { jwt: () => null }, secret, decode, encode })

    const response = await proxy(requestOf('/', `${cookie}; a=1`))

    expect(seen(response)).toBe('a=1')
    expect(response.headers.getSetCookie()).toEqual([
      `${FOUR}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`,
    ])
  })
})

interface Trouble {
  readonly cookie?: string
  readonly path?: string
  readonly jwt?: () => Promise<never>
}
