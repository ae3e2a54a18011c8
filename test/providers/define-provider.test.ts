import { describe, expect, it } from 'vitest'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Overrides } from '../../src/core/provider.ts'

const issuer = 'https://id.example.com'

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
    ['another word for reuse', { reuse: 'never' as never }, /reuse is 'never': write one of acc/],
    ['the old name of reuse', { replay: 'always' } as object, /'replay' is now 'reuse': write/],
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
      /failures\['x'\].*refused_before/,
    ],
    [
      'a failure inherited from Object',
      { failures: { x: 'constructor' as 'rejected' } },
      /failures/,
    ],
    ['a GET with a body', { request: { method: 'GET' } }, /has no body/],
  ])('is a TypeError with %s', (_name, overrides, message) => {
    const define = (): unknown => defineProvider({ id: 'x', issuer }, overrides)

    expect(define).toThrow(TypeError)
    expect(define).toThrow(message)
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
