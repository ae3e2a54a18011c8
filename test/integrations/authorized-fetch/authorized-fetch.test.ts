import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher, tokenSource, type Refresher, type TokenSet } from '../../../src/index.ts'
import { authorizedFetch, type Fetch } from '../../../src/integrations/authorized-fetch.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf, type OidcServer } from '../../oidc/oidc-server.ts'
import { gate, handClock, type HandClock } from '../../runtime/clock.ts'
import { redirect, refuse, startResourceServer, type ResourceServer } from './resource-server.ts'

let server: OidcServer
let api: ResourceServer
let stranger: ResourceServer
let clock: HandClock
let refresher: Refresher
let stored: TokenSet | undefined
let get: Fetch
let stores = 0

beforeEach(async () => {
  server = await startOidcServer()
  api = await startResourceServer(server)
  stranger = await startResourceServer(server)
  clock = handClock()
  stores += 1
  refresher = createRefresher({
    provider: oidc({ issuer: server.issuer }),
    client: server.clients.public,
    ledger: { store: memoryStore({ name: `authorized fetch ${stores}` }) },
    clock,
    onEvent: () => {},
  })
  stored = tokenSetOf(await server.signIn(), clock)
  get = authorizedFetch(own(), { origins: [api.origin] })
})

afterEach(async () => {
  await Promise.all([server.stop(), api[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()])
})

const own = () => ({
  refresher,
  load: async () => stored,
  save: async (next: TokenSet) => void (stored = next),
})

/** The access token is no good any more, and nobody here knows. */
const killAccessToken = (): void => void api.refused.add(stored!.accessToken)

const tokensSeen = (at: ResourceServer): (string | undefined)[] =>
  at.arrived.map(({ accessToken }) => accessToken)

function refuseToAnswer(): never {
  throw new Error('the function of the application')
}

describe('authorizedFetch', () => {
  it('sends the access token, and asks nobody while it is fresh', async () => {
    const response = await get(`${api.origin}/orders`)

    expect([response.status, await response.text()]).toEqual([200, 'GET '])
    expect(tokensSeen(api)).toEqual([stored!.accessToken])
    expect(server.counts().presentations).toBe(0)
  })

  it('renews before it sends, when the access token has expired', async () => {
    const old = stored!
    clock.advance(61_000)

    const answers = await Promise.all([get(`${api.origin}/a`), get(`${api.origin}/b`)])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(stored).not.toEqual(old)
    expect(tokensSeen(api)).toEqual([stored!.accessToken, stored!.accessToken])
    expect(server.counts().presentations).toBe(1)
  })

  it('renews and sends again, once, when the access token is refused', async () => {
    const refused = stored!.accessToken
    killAccessToken()

    const response = await get(`${api.origin}/orders`, { method: 'POST', body: 'two apples' })

    expect([response.status, await response.text()]).toEqual([200, 'POST two apples'])
    expect(tokensSeen(api)).toEqual([refused, stored!.accessToken])
    expect(server.counts().presentations).toBe(1)
  })

  it('gives the second 401 back, if the new access token is refused, too', async () => {
    api.routes.set('/orders', (response) => refuse(response, 'Bearer error="invalid_token"'))

    const response = await get(`${api.origin}/orders`)

    expect(response.status).toBe(401)
    expect(await response.text()).toBe('refused')
    expect(api.arrived.length).toBe(2)
    expect(server.counts().presentations).toBe(1)
  })

  for (const challenge of [
    'Bearer realm="api"',
    'Bearer error="insufficient_scope"',
    'Basic realm="Bearer error=invalid_token"',
    'DPoP error="invalid_token"',
  ]) {
    it(`gives a 401 back that says ${challenge}`, async () => {
      api.routes.set('/orders', (response) => refuse(response, challenge))

      const response = await get(`${api.origin}/orders`)

      expect(response.status).toBe(401)
      expect(api.arrived.length).toBe(1)
      expect(server.counts().presentations).toBe(0)
    })
  }

  it('finds the challenge among others', async () => {
    const challenge = 'Basic realm="x, y", bearer scope="a b" , Error = invalid_token, Negotiate'
    api.routes.set('/orders', (response) => refuse(response, challenge))

    await get(`${api.origin}/orders`)

    expect(api.arrived.length).toBe(2)
  })

  it('takes the word of the application for what a refusal is', async () => {
    api.routes.set('/orders', (response) => void response.writeHead(419).end())
    const own419 = authorizedFetch(own(), {
      origins: [api.origin],
      isRefused: ({ status }) => status === 419,
    })

    await own419(`${api.origin}/orders`)

    expect(api.arrived.length).toBe(2)
  })

  it.each<[string, () => boolean | Promise<boolean>]>([
    ['throws', refuseToAnswer],
    ['rejects', async () => refuseToAnswer()],
  ])('gives the answer out if the function of the application %s', async (_, isRefused) => {
    api.routes.set('/orders', (response) => void response.end('paid'))

    const response = await authorizedFetch(own(), { origins: [api.origin], isRefused })(
      `${api.origin}/orders`,
    )

    expect(await response.text()).toBe('paid')
  })

  it('gives the 401 back when nothing better is to be had for a while', async () => {
    killAccessToken()
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 3600 })

    const response = await get(`${api.origin}/orders`)

    expect([response.status, await response.text()]).toEqual([401, 'refused'])
  })

  it('rejects when only a new sign-in helps', async () => {
    killAccessToken()
    server.endGrant(stored!.refreshToken!)

    await expect(get(`${api.origin}/orders`)).rejects.toMatchObject({ code: 'rejected' })
    expect(api.arrived.length).toBe(1)
  })

  it('rejects when there are no tokens, and sends nothing', async () => {
    stored = undefined

    await expect(get(`${api.origin}/orders`)).rejects.toMatchObject({ code: 'no_tokens' })
    expect(api.arrived).toEqual([])
  })

  it('rejects when what came cannot be saved', async () => {
    clock.advance(61_000)
    const save = () => Promise.reject(new Error('the database is full'))
    const unsaved = authorizedFetch({ ...own(), save }, { origins: [api.origin] })

    await expect(unsaved(`${api.origin}/orders`)).rejects.toThrow('the database is full')
    expect(api.arrived).toEqual([])
  })

  it('takes a token source and a key', async () => {
    const source = tokenSource<string, TokenSet>(refresher, {
      load: async (key) => (key === 'alice' ? stored : undefined),
      save: async () => {},
    })
    const as = (key: string): Fetch => authorizedFetch(source, { key, origins: [api.origin] })

    expect((await as('alice')(`${api.origin}/orders`)).status).toBe(200)
    await expect(as('bob')(`${api.origin}/orders`)).rejects.toMatchObject({ code: 'no_tokens' })
  })

  it('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))

    await expect(get(`${api.origin}/orders`, { signal })).rejects.toThrow('enough')
    await expect(get(new Request(`${api.origin}/orders`, { signal }))).rejects.toThrow('enough')
  })
})

describe('authorizedFetch and its signal', () => {
  it('stops waiting for a renewal, which goes on', async () => {
    const controller = new AbortController()
    const { opened, open } = gate()
    server.faults.next({ kind: 'delay', before: opened })
    clock.advance(61_000)
    const pending = get(`${api.origin}/orders`, { signal: controller.signal })
    const ended = pending.catch((error: unknown) => error)
    await server.until(({ presentations }) => presentations === 1)

    controller.abort(new Error('enough'))
    const reason = await ended
    open()
    const response = await get(`${api.origin}/orders`)

    expect(reason).toEqual(new Error('enough'))
    expect(response.status).toBe(200)
    expect(server.counts().presentations).toBe(1)
    expect(api.arrived.length).toBe(1)
  })
})

describe('authorizedFetch and bodies', () => {
  const stream = () => new Blob(['two apples']).stream()

  const bodies: Readonly<Record<string, () => NonNullable<RequestInit['body']>>> = {
    text: () => 'two apples',
    URLSearchParams: () => new URLSearchParams({ apples: '2' }),
    FormData: () => {
      const form = new FormData()
      form.set('apples', '2')
      return form
    },
    Blob: () => new Blob(['two apples']),
    bytes: () => new TextEncoder().encode('two apples'),
    ArrayBuffer: () => new TextEncoder().encode('two apples').buffer,
  }
  for (const [kind, body] of Object.entries(bodies)) {
    it(`sends a ${kind} again`, async () => {
      killAccessToken()

      const response = await get(`${api.origin}/orders`, { method: 'POST', body: body() })

      expect(response.status).toBe(200)
      expect(api.arrived.length).toBe(2)
      for (const each of api.arrived) expect(each.body).toMatch(/apples/)
    })
  }

  it('does not send a stream again: the 401 is what comes back', async () => {
    killAccessToken()

    const sent: RequestInit = { method: 'POST', body: stream() }
    const response = await get(`${api.origin}/orders`, sent)

    expect([response.status, await response.text()]).toEqual([401, 'refused'])
    expect(api.arrived.map(({ body }) => body)).toEqual(['two apples'])
    expect(server.counts().presentations).toBe(0)
  })

  it('takes a Request, whose body is a stream, too', async () => {
    const request = new Request(`${api.origin}/orders`, {
      method: 'PUT',
      body: 'two apples',
      headers: { 'x-own': 'kept' },
    })
    const response = await get(request)
    killAccessToken()
    const again = await get(new Request(request.url, { method: 'PUT', body: 'two apples' }))

    expect(await response.text()).toBe('PUT two apples')
    expect(api.arrived[0]!.headers['x-own']).toBe('kept')
    expect(again.status).toBe(401)
    expect(api.arrived.length).toBe(2)
  })
})

describe('authorizedFetch and origins', () => {
  it('sends nothing to another origin', async () => {
    await expect(get(`${stranger.origin}/orders`)).rejects.toThrow(TypeError)
    await expect(get('/orders')).rejects.toThrow('the whole address')
    expect([...api.arrived, ...stranger.arrived]).toEqual([])
  })

  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows a ${status} to another origin without the access token`, async () => {
      api.routes.set('/file', redirect(status, `${stranger.origin}/file`))
      stranger.routes.set('/file', (response) => void response.end('the file'))

      const response = await get(`${api.origin}/file`, { headers: { cookie: 'a=b', 'x-own': 'c' } })

      expect(await response.text()).toBe('the file')
      expect(stranger.arrived).toMatchObject([{ headers: { 'x-own': 'c' } }])
      expect(stranger.arrived[0]!.headers).not.toHaveProperty('authorization')
      expect(stranger.arrived[0]!.headers).not.toHaveProperty('cookie')
    })
  }

  it('does not renew because of what another origin says', async () => {
    api.routes.set('/file', redirect(302, `${stranger.origin}/file`))
    stranger.routes.set('/file', (response) => refuse(response, 'Bearer error="invalid_token"'))

    const response = await get(`${api.origin}/file`)

    expect(response.status).toBe(401)
    expect(server.counts().presentations).toBe(0)
  })

  it('follows a redirect inside the origins with the access token', async () => {
    const both = authorizedFetch(own(), { origins: [api.origin, stranger.origin] })
    api.routes.set('/old', redirect(308, '/new'))
    api.routes.set('/new', redirect(307, `${stranger.origin}/newest`))

    const response = await both(`${api.origin}/old`, { method: 'POST', body: 'two apples' })

    expect(await response.text()).toBe('POST two apples')
    expect(tokensSeen(stranger)).toEqual([stored!.accessToken])
  })

  it('repeats what was refused, and not what led there', async () => {
    api.routes.set('/orders', redirect(303, '/orders/1'))
    killAccessToken()

    const response = await get(`${api.origin}/orders`, { method: 'POST', body: 'two apples' })

    expect(await response.text()).toBe('GET ')
    expect(api.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /orders',
      'GET /orders/1',
      'GET /orders/1',
    ])
  })

  it('gives a redirect back that would take a body to another origin', async () => {
    api.routes.set('/orders', redirect(307, `${stranger.origin}/orders`))

    const response = await get(`${api.origin}/orders`, { method: 'POST', body: 'two apples' })

    expect(response.status).toBe(307)
    expect(stranger.arrived).toEqual([])
  })

  it('gives a redirect back that would need a stream again', async () => {
    api.routes.set('/orders', redirect(307, '/other'))
    const request = new Request(`${api.origin}/orders`, { method: 'POST', body: 'two apples' })

    expect((await get(request)).status).toBe(307)
  })

  it('turns a POST into a GET where fetch does, without what described the body', async () => {
    api.routes.set('/orders', redirect(302, '/done'))

    const response = await get(`${api.origin}/orders`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })

    expect(await response.text()).toBe('GET ')
    expect(api.arrived[1]!.headers).not.toHaveProperty('content-type')
  })

  it('does with redirects what it is told', async () => {
    api.routes.set('/a', redirect(302, '/b'))

    expect((await get(`${api.origin}/a`, { redirect: 'manual' })).status).toBe(302)
    await expect(get(`${api.origin}/a`, { redirect: 'error' })).rejects.toThrow(TypeError)
  })

  it('ends a redirect that leads in a circle, or out of HTTP', async () => {
    api.routes.set('/circle', redirect(302, '/circle'))
    api.routes.set('/out', redirect(302, 'data:text/plain,hello'))

    await expect(get(`${api.origin}/circle`)).rejects.toThrow('without end')
    await expect(get(`${api.origin}/out`)).rejects.toThrow('no address of HTTP')
    expect(api.arrived.length).toBe(22)
  })

  it('refuses a request that brings its own Authorization', async () => {
    const headers = { authorization: 'Bearer mine' }

    await expect(get(`${api.origin}/orders`, { headers })).rejects.toThrow(TypeError)
  })

  for (const origins of [
    undefined,
    [],
    ['*'],
    ['api.example.com'],
    ['https://a.example/path'],
    ['ftp://a.example'],
    [1],
  ]) {
    it(`refuses ${JSON.stringify(origins)} as origins`, () => {
      expect(() => authorizedFetch(own(), { origins: origins as never })).toThrow(TypeError)
    })
  }
})

describe('authorizedFetch where it is', () => {
  it('is not for browsers', () => {
    vi.stubGlobal('document', {})

    expect(() => authorizedFetch(own(), { origins: [api.origin] })).toThrow(/for servers/)
  })

  it('sends by the fetch it is given, and asks caches for nothing', async () => {
    const caches: unknown[] = []
    const noting = authorizedFetch(own(), {
      origins: [api.origin],
      fetch: (url, init) => {
        caches.push(init?.cache)
        return fetch(url, init)
      },
    })

    await noting(`${api.origin}/orders`)
    await noting(`${api.origin}/orders`, { cache: 'reload' })

    expect(caches).toEqual(['no-store', 'reload'])
  })
})
