import { describe, expect, it } from 'vitest'
import type { Overrides } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import type { PresentedTokens } from '../../src/transport/token-response.ts'
import { loopback, say } from './loopback.ts'
import type { Seen } from './loopback.ts'
import { PRESENTED, presentTo, transportTo } from './setup.ts'

async function seenFor(
  request: Overrides['request'] & object,
  presented: Partial<PresentedTokens> = {},
): Promise<Seen> {
  const server = await loopback((_request, response) =>
    say(response, 200, { access_token: 'at-2' }),
  )
  await presentTo(server.origin, { client: { id: 'app' }, provider: { request } }, presented)
  expect(server.seen).toHaveLength(1)
  return server.seen[0]!
}

const STANDARD = { grant_type: 'refresh_token', refresh_token: 'rt-1', client_id: 'app' }

describe('the request (RFC 6749 §6)', () => {
  it('is a form by POST', async () => {
    const { method, url, headers, form } = await seenFor({})

    expect([method, url]).toEqual(['POST', '/token'])
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8')
    expect(headers.accept).toBe('application/json')
    expect(form).toEqual(STANDARD)
  })

  it('may be JSON', async () => {
    const { headers, body } = await seenFor({ format: 'json' })

    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toEqual(STANDARD)
  })

  it('may be a query, by GET', async () => {
    const { method, url, body } = await seenFor({ format: 'query', method: 'GET' })

    expect(method).toBe('GET')
    expect(Object.fromEntries(new URL(url, 'http://x').searchParams)).toEqual(STANDARD)
    expect(body).toBe('')
  })

  it('may be a cookie', async () => {
    const names = { refresh_token: 'rt', grant_type: null, client_id: null }
    const refreshToken = new Secret('a=b+/')

    const { headers, body } = await seenFor({ format: 'cookie', names }, { refreshToken })

    expect(headers.cookie).toBe('rt=a=b+/')
    expect(headers['content-type']).toBeUndefined()
    expect(body).toBe('')
  })

  it.each(['"quoted"', 'a,b', 'a b', 'a%20b', 'a\\b'])(
    'echoes the cookie %s as a browser would',
    async (value) => {
      const names = { refresh_token: 'rt', grant_type: null, client_id: null }
      const refreshToken = new Secret(value)

      const { headers } = await seenFor({ format: 'cookie', names }, { refreshToken })

      expect(headers.cookie).toBe(`rt=${value}`)
    },
  )

  it.each([
    [' a', '%20a'],
    ['a ', 'a%20'],
    ['a\tb', 'a%09b'],
    ['a\u007fb', 'a%7Fb'],
    ['ä', '%C3%A4'],
  ])('encodes %j, which no browser can have got as a cookie', async (value, encoded) => {
    const names = { refresh_token: 'rt', grant_type: null, client_id: null }
    const refreshToken = new Secret(value)

    const { headers } = await seenFor({ format: 'cookie', names }, { refreshToken })

    expect(headers.cookie).toBe(`rt=${encoded}`)
  })

  it('lets no token write a second cookie', async () => {
    const names = { grant_type: null, client_id: null }
    const refreshToken = new Secret('a; admin=1\r\nx: y')

    const { headers } = await seenFor({ format: 'cookie', names }, { refreshToken })

    expect(headers.cookie).toBe('refresh_token=a%3B%20admin%3D1%0D%0Ax%3A%20y')
  })

  it('may bear the token in the header', async () => {
    const { headers, form } = await seenFor({ format: 'bearer' })

    expect(headers.authorization).toBe('Bearer rt-1')
    expect(form).toEqual({ grant_type: 'refresh_token', client_id: 'app' })
  })

  it('may bear it by GET: what else there is goes into the query', async () => {
    const names = { grant_type: null }

    const { method, url, headers, body } = await seenFor({ method: 'GET', format: 'bearer', names })

    expect([method, url, body]).toEqual(['GET', '/token?client_id=app', ''])
    expect(headers.authorization).toBe('Bearer rt-1')
    expect(headers['content-type']).toBeUndefined()
  })

  it('may bear the old access token beside the refresh token', async () => {
    const request = { format: 'json', bearer: 'access_token' } as const
    const accessToken = new Secret('at-1')

    const { headers, body } = await seenFor(request, { accessToken })

    expect(headers.authorization).toBe('Bearer at-1')
    expect(JSON.parse(body)).toEqual(STANDARD)
  })

  it('renames and leaves out parameters', async () => {
    const { form } = await seenFor({ names: { refresh_token: 'token', grant_type: null } })

    expect(form).toEqual({ token: 'rt-1', client_id: 'app' })
  })

  it('adds parameters and headers of the provider', async () => {
    const { form, headers } = await seenFor({
      parameters: { grant_type: 'renew', tenant: 't' },
      headers: { 'user-agent': 'mine', 'x-tenant': 't' },
    })

    expect(form).toEqual({ ...STANDARD, grant_type: 'renew', tenant: 't' })
    expect(headers).toMatchObject({ 'user-agent': 'mine', 'x-tenant': 't' })
  })

  it('asks for an audience (RFC 8707)', async () => {
    const audience = { resource: 'https://api', organization: 'o' }

    expect((await seenFor({}, { audience })).form).toEqual({
      ...STANDARD,
      resource: 'https://api',
      organization_id: 'o',
    })
  })

  it('asks for an audience under other names', async () => {
    const request = { audience: { resource: 'audience', organization: 'org' } }
    const audience = { resource: 'https://api', organization: 'o' }

    const { form } = await seenFor(request, { audience })

    expect(form).toMatchObject({ audience: 'https://api', org: 'o' })
  })

  it('sends the old access token only to who asks for it', async () => {
    const presented = { accessToken: new Secret('at-1') }

    expect((await seenFor({}, presented)).body).not.toContain('at-1')
    expect((await seenFor({ names: { access_token: 'old' } }, presented)).form).toMatchObject({
      old: 'at-1',
    })
  })

  it('is sent once for one preparation', async () => {
    const server = await loopback((_request, response) => say(response, 200, { access_token: 'a' }))
    const prepared = await transportTo(server.origin).prepare(PRESENTED)
    if (!prepared.ready) throw new Error(prepared.hint)

    const outcomes = [await prepared.present(), await prepared.present()]

    expect(outcomes[1]).toMatchObject({ outcome: 'unknown', code: 'internal' })
    expect(server.seen).toHaveLength(1)
  })

  it('is not sent without a token', async () => {
    const server = await loopback(() => {})

    const presented = { ...PRESENTED, refreshToken: new Secret('') }

    const prepared = await transportTo(server.origin).prepare(presented)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(server.seen).toEqual([])
  })

  it('is not sent with a token that no header can bear', async () => {
    const server = await loopback(() => {})
    const provider = { request: { format: 'bearer' } } as const

    const presented = { ...PRESENTED, refreshToken: new Secret('a\nb') }

    const prepared = await transportTo(server.origin, { provider }).prepare(presented)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(JSON.stringify(prepared)).not.toContain('a\\nb')
    expect(server.seen).toEqual([])
  })
})
