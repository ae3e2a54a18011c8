import { createPublicKey, KeyObject, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { defineProvider } from '../../src/core/define-provider.ts'
import { jwtClaims } from '../../src/core/jwt.ts'
import type { Client, ClientAuthentication } from '../../src/core/provider.ts'
import { checkClient } from '../../src/core/provider.ts'
import { loopback, say } from './loopback.ts'
import type { Loopback, Seen } from './loopback.ts'
import { PRESENTED, discovering, presentTo, transportTo } from './setup.ts'

const granting = (): Promise<Loopback> =>
  loopback((_request, response) => say(response, 200, { access_token: 'at-2' }))

async function seenWith(client: Client, method?: ClientAuthentication): Promise<Seen> {
  const server = await granting()
  await presentTo(server.origin, {
    client,
    ...(method && { provider: { clientAuthentication: method } }),
  })
  return server.seen[0]!
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('client authentication', () => {
  it('is none for a client without secret', async () => {
    const { form, headers } = await seenWith({ id: 'app' })

    expect(form).toMatchObject({ client_id: 'app' })
    expect(headers.authorization).toBeUndefined()
  })

  it('is client_secret_basic by default', async () => {
    const { form, headers } = await seenWith({ id: 'app-1', secret: 's' })

    expect(headers.authorization).toBe(basic('app-1:s'))
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt-1' })
  })

  it('encodes id and secret as a form (RFC 6749 §2.3.1)', async () => {
    const { headers } = await seenWith({ id: 'a:b', secret: 'p ä%+&~._-' })

    expect(headers.authorization).toBe(basic('a%3Ab:p+%C3%A4%25%2B%26%7E._-'))
  })

  it('sends the secret in the body with client_secret_post', async () => {
    const { form, headers } = await seenWith({ id: 'app', secret: 's&' }, 'client_secret_post')

    expect(form).toMatchObject({ client_id: 'app', client_secret: 's&' })
    expect(headers.authorization).toBeUndefined()
  })

  it('signs with private_key_jwt (RFC 7523 §2.2)', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const server = await granting()
    const client = { id: 'app', privateKey: { key: pair.privateKey, kid: 'k1' } }

    await presentTo(server.origin, { client })

    const { form } = server.seen[0]!
    const assertion = form['client_assertion']!
    const [header, payload, signature] = assertion.split('.')
    expect(form['client_assertion_type']).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    )
    expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toMatchObject({
      alg: 'ES256',
      kid: 'k1',
    })
    expect(jwtClaims(assertion)).toMatchObject({
      iss: 'app',
      sub: 'app',
      aud: `${server.origin}/token`,
    })
    const key = createPublicKey({
      key: (await crypto.subtle.exportKey('jwk', pair.publicKey)) as never,
      format: 'jwk',
    })
    expect(key).toBeInstanceOf(KeyObject)
    const isGood = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature!, 'base64url'),
    )
    expect(isGood).toBe(true)
  })

  it('may be a function', async () => {
    const { form, headers } = await seenWith(
      { id: 'app', secret: 's' },
      ({ headers, parameters }, { client }) => {
        headers.set('x-api-key', client.secret!)
        parameters.set('client_key', client.id)
      },
    )

    expect(headers['x-api-key']).toBe('s')
    expect(form).toMatchObject({ client_key: 'app' })
  })

  it.each<[string, ClientAuthentication]>([
    [
      'throws',
      () => {
        throw new Error('client-secret')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('client-secret')
      },
    ],
    ['writes what is no header', ({ headers }) => headers.set('x', 'a\nb')],
  ])('sends nothing when the function %s', async (_name, method) => {
    const server = await granting()
    const transport = transportTo(server.origin, { provider: { clientAuthentication: method } })

    const prepared = await transport.prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(JSON.stringify(prepared)).not.toContain('client-secret')
    expect(server.seen).toEqual([])
  })

  it('gives up a function that hangs', async () => {
    const provider = { clientAuthentication: () => new Promise<void>(() => {}) }

    const prepared = await transportTo('https://id.example', { provider, timeoutMs: 20 }).prepare(
      PRESENTED,
    )

    expect(prepared).toMatchObject({ ready: false, code: 'unreachable' })
  })

  it.each<[string[] | undefined, 'header' | 'body']>([
    [undefined, 'header'],
    [['client_secret_post', 'client_secret_basic'], 'body'],
    [['private_key_jwt', 'client_secret_basic', 'client_secret_post'], 'header'],
    [['private_key_jwt'], 'header'],
  ])('is what the metadata says first: %j', async (methods, place) => {
    const server = await loopback(({ url }, response) =>
      say(
        response,
        200,
        url === '/token'
          ? { access_token: 'at-2' }
          : {
              issuer: server.origin,
              token_endpoint: `${server.origin}/token`,
              token_endpoint_auth_methods_supported: methods,
            },
      ),
    )

    const prepared = await discovering(server.origin).prepare(PRESENTED)
    if (prepared.ready) await prepared.present()

    const { form, headers } = server.seen[1]!
    expect(form['client_secret'] === undefined ? 'header' : 'body').toBe(place)
    expect(headers.authorization !== undefined).toBe(place === 'header')
  })
})

describe('checkClient', () => {
  it.each<[string, Client, ClientAuthentication | undefined, RegExp]>([
    ['an empty id', { id: '' }, undefined, /client\.id is empty/],
    ['an empty secret', { id: 'app', secret: '' }, undefined, /leave it out/],
    ['no secret to send', { id: 'app' }, 'client_secret_basic', /needs client\.secret/],
    [
      'no key to sign with',
      { id: 'app', secret: 's' },
      'private_key_jwt',
      /needs client\.privateKey/,
    ],
  ])('is a TypeError with %s', (_name, client, method, message) => {
    const axes = method ? { clientAuthentication: method } : {}
    const provider = defineProvider({ id: 'test', tokenEndpoint: 'https://id.example/token' }, axes)

    expect(() => checkClient(client, provider)).toThrow(message)
    expect(() => checkClient(client, provider)).toThrow(TypeError)
  })
})
