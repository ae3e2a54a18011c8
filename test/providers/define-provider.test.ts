import { describe, expect, it } from 'vitest'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Overrides } from '../../src/core/provider.ts'

const issuer = 'https://id.example.com'

/** Words as plain JavaScript lets them through. */
const wrongWords = (
  [
    ['a format in capitals', { request: { format: 'JSON' } }, /request\.format.*mean 'json'/],
    ['a method in small letters', { request: { method: 'post' } }, /mean 'POST'/],
    ['a method that carries no token', { request: { method: 'PUT' } }, /'POST' or 'GET'/],
    ['a request that is a word', { request: 'json' }, /request is a string: write request: {/],
    ['no request', { request: null }, /request is null/],
    ['a short name of an authentication', { clientAuthentication: 'basic' }, /client_secret_basic/],
    ['another one', { clientAuthentication: 'post' }, /mean 'client_secret_post'/],
    ['authentication in camel case', { clientAuthentication: 'clientSecretPost' }, /_post'\?/],
    ['no authentication', { clientAuthentication: null }, /is null: write 'none'/],
    ['a misspelt rotation', { rotation: 'Always' }, /rotation.*mean 'always'/],
    ['a rotation that is a boolean', { rotation: true }, /rotation is a boolean: write 'always'/],
    ['an old token that dies twice', { oldAccessToken: 'died' }, /mean 'dies'/],
    ['a space behind a word', { tokens: 'guessable ' }, /tokens.*mean 'guessable'/],
    ['another discovery', { discovery: 'openid' }, /discovery.*'oidc' or 'oauth2'/],
    ['a text for a boolean', { insecure: 'false' }, /insecure is a string: write true or false/],
    ['a window in text', { reuse: { acceptedForMs: '3000' } }, /reuse\.acceptedForMs is a string/],
    ['a window in seconds', { reuse: { acceptedForS: 3 } }, /mean acceptedForMs/],
    ['a misspelt option', { tokenEndpiont: `${issuer}/t` }, /mean tokenEndpoint\?/],
    ['a misspelt group', { respones: {} }, /mean response\?/],
    ['an option of another library', { clientId: 'app' }, /createRefresher\({ client: { id } }\)/],
    [
      'a lifetime in text',
      { response: { accessLifetimeMs: '1h' } },
      /accessLifetimeMs is a string/,
    ],
    ['a lifetime below nothing', { response: { refreshIdleMs: -1 } }, /is -1: write milliseconds/],
    ['a reader that is none', { response: { read: {} } }, /response\.read is an object: write a f/],
    [
      'a parameter that was not there',
      { request: { parameters: { a: undefined } } },
      /a is missing/,
    ],
    ['a number as parameter', { request: { parameters: { a: 1 } } }, /parameters\.a is a number/],
    ['a constant token', { request: { parameters: { refresh_token: 'x' } } }, /is no constant/],
    ['a header with a line break', { request: { headers: { a: 'b\nc' } } }, /headers\.a/],
    ['a header with another name', { request: { headers: { 'a b': 'c' } } }, /headers\.a b/],
    ['a name of ours for the wire', { request: { names: { refreshToken: 't' } } }, /refresh_token/],
    ['a failure that is no text', { failures: { 503: false } }, /failures\.503 is a boolean/],
    ['failures that are a list', { failures: ['rejected'] }, /failures is a list/],
    ['a line break in the issuer', { issuer: `${issuer}\n` }, /issuer has a line break/],
    ['a space before the endpoint', { tokenEndpoint: ` ${issuer}/t` }, /tokenEndpoint has a/],
    ['an invisible sign', { tokenEndpoint: `${issuer}/\u200bt` }, /tokenEndpoint has a/],
    ['a URL object', { tokenEndpoint: new URL(`${issuer}/t`) }, /is an object: write a whole URL/],
    ['an id with a line break', { id: 'x\n' }, /id is a string: write lower-case letters/],
    ['a revocation endpoint that is false', { revocationEndpoint: false }, /a whole URL.*or null/],
  ] as const
).map(([what, axes, says]): [string, Overrides, RegExp] => [what, axes as Overrides, says])

describe('defineProvider', () => {
  it('fills in what RFC 6749 says', () => {
    expect(defineProvider({ id: 'x', issuer })).toEqual({
      id: 'x',
      issuer,
      rotation: 'sometimes',
      oldAccessToken: 'lives',
      tokens: 'unguessable',
      insecure: false,
      verifiedAt: '',
      request: {
        method: 'POST',
        format: 'form',
        names: {},
        parameters: {},
        headers: {},
        audience: { resource: 'resource', organization: 'organization_id' },
      },
      response: {},
      failures: {},
    })
  })

  it('freezes to the ground, and copies what it was given', () => {
    const headers = { a: '1' }
    const provider = defineProvider({ id: 'x', issuer, request: { headers } })

    headers.a = '2'

    expect(provider.request.headers).toEqual({ a: '1' })
    expect(() => Object.assign(provider.request.headers, { a: '3' })).toThrow(TypeError)
    expect(() => Object.assign(provider.failures, { x: 'rejected' })).toThrow(TypeError)
    expect(() => Object.assign(provider, { tokenEndpoint: 'https://evil' })).toThrow(TypeError)
  })

  it('merges overrides of request, response and failures member by member', () => {
    const provider = defineProvider(
      {
        id: 'x',
        issuer,
        failures: { spent: 'rejected', busy: 'deferred' },
        request: { format: 'json', headers: { a: '1' } },
        response: { accessLifetimeMs: 1 },
      },
      {
        failures: { 503: 'deferred', busy: 'unknown' },
        request: { parameters: { p: '1' } },
        response: { refreshIdleMs: 2 },
      },
    )

    expect(provider.failures).toEqual({ spent: 'rejected', busy: 'unknown', 503: 'deferred' })
    expect(provider.request).toMatchObject({
      format: 'json',
      headers: { a: '1' },
      parameters: { p: '1' },
    })
    expect(provider.response).toEqual({ accessLifetimeMs: 1, refreshIdleMs: 2 })
  })

  it('takes an override that is undefined for none', () => {
    const overrides = { rotation: undefined } as unknown as Overrides

    expect(defineProvider({ id: 'x', issuer, rotation: 'always' }, overrides).rotation).toBe(
      'always',
    )
  })

  it.each<[string, Overrides, RegExp]>([
    ['a bad id', { id: 'My App' }, /lower-case/],
    ['a window of nothing', { reuse: { acceptedForMs: 0 } }, /reuse: 'refused'/],
    ['a window of NaN', { reuse: { acceptedForMs: NaN } }, /reuse: 'refused'/],
    [
      'another word for reuse',
      { reuse: 'never' as never },
      /reuse is 'never': write 'accepted' or/,
    ],
    [
      'the old name of reuse',
      { replay: 'always' } as object,
      /replay is no option: write reuse: { acceptedForMs }/,
    ],
    ['an issuer with a query', { issuer: `${issuer}?a=b` }, /no query/],
    ['an issuer with a fragment', { issuer: `${issuer}#a` }, /fragment/],
    ['an issuer by plain http', { issuer: 'http://id.example.com' }, /insecure: true/],
    ['an issuer that is no URL', { issuer: 'id.example.com' }, /whole URL/],
    [
      'a token endpoint by plain http',
      { tokenEndpoint: 'http://id.example.com/t' },
      /insecure: true/,
    ],
    [
      'a host that only begins like a loopback',
      { tokenEndpoint: 'http://127.0.0.1.example.com/t' },
      /insecure: true/,
    ],
    [
      'a host that only begins like localhost',
      { tokenEndpoint: 'http://localhost.example.com/t' },
      /insecure: true/,
    ],
    ['a private address', { tokenEndpoint: 'http://10.0.0.1/t' }, /insecure: true/],
    ['a password', { tokenEndpoint: 'https://a:b@id.example.com/t' }, /without user/],
    ['another scheme', { tokenEndpoint: 'ftp://id.example.com/t' }, /whole URL/],
    ['a literal ${', { tokenEndpoint: 'https://id.example.com/${TENANT}/t' }, /backticks/],
    [
      'a host that was not there',
      { issuer: 'https://undefined/oidc' },
      /'issuer' holds 'undefined'/,
    ],
    ['a null for a host', { tokenEndpoint: 'https://null:8443' }, /not there/],
    ['an empty endpoint', { tokenEndpoint: '' }, /whole URL/],
    [
      'a bad revocation endpoint',
      { revocationEndpoint: 'http://id.example.com/r' },
      /revocationEndpoint/,
    ],
    [
      'a failure that is none',
      { failures: { x: 'refused' as 'rejected' } },
      /failures\.x is 'refused': did you mean 'refused_before'/,
    ],
    [
      'a failure inherited from Object',
      { failures: { x: 'constructor' as 'rejected' } },
      /failures/,
    ],
    ['a GET with a body', { request: { method: 'GET' } }, /has no body/],
    ...wrongWords,
  ])('is a TypeError with %s', (_name, overrides, message) => {
    const define = (): unknown => defineProvider({ id: 'x', issuer }, overrides)

    expect(define).toThrow(TypeError)
    expect(define).toThrow(message)
  })

  it.each(wrongWords)('is a TypeError with %s in the description, too', (_name, axes, message) => {
    const description = { id: 'x', issuer, ...axes }

    expect(() => defineProvider(description)).toThrow(TypeError)
    expect(() => defineProvider(description)).toThrow(message)
  })

  it.each([null, 'https://id.example.com', [], () => {}, 7, Promise.resolve({})])(
    'is a TypeError with %s for a description',
    (given) => {
      const define = (): unknown => defineProvider(given as never)

      expect(define).toThrow(TypeError)
      expect(define).toThrow(/^provider: the argument is /)
    },
  )

  it('takes a function for the client authentication', () => {
    const clientAuthentication = (): void => {}

    expect(defineProvider({ id: 'x', issuer, clientAuthentication })).toMatchObject({
      clientAuthentication,
    })
  })

  it('is a TypeError with neither issuer nor token endpoint', () => {
    expect(() => defineProvider({ id: 'x' })).toThrow(/'issuer'.*'tokenEndpoint'/)
  })

  it.each<[string, Overrides]>([
    ['127.0.0.1', { tokenEndpoint: 'http://127.0.0.1:3000/t' }],
    ['127/8', { tokenEndpoint: 'http://127.9.9.9/t' }],
    ['[::1]', { tokenEndpoint: 'http://[::1]:3000/t' }],
    ['localhost', { issuer: 'http://localhost:3000' }],
    ['plain http written out', { tokenEndpoint: 'http://id.internal/t', insecure: true }],
    ['no revocation endpoint', { revocationEndpoint: null }],
    ['reuse that is accepted', { reuse: 'accepted', rotation: 'always' }],
    ['a window', { reuse: { acceptedForMs: 3_000 } }],
  ])('takes %s', (_name, overrides) => {
    expect(() => defineProvider({ id: 'x', issuer }, overrides)).not.toThrow()
  })
})
