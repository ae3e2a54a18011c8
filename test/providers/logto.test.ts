import { describe, expect, it } from 'vitest'
import { logto } from '../../providers/logto.ts'

describe('logto', () => {
  it.each([
    'https://acme.logto.app',
    'https://acme.logto.app/',
    'https://acme.logto.app/oidc',
    'https://acme.logto.app/oidc/',
    'https://acme.logto.app/oidc/.well-known/openid-configuration',
  ])('takes %s', (endpoint) => {
    expect(logto({ endpoint })).toMatchObject({
      id: 'logto',
      issuer: 'https://acme.logto.app/oidc',
      tokenEndpoint: 'https://acme.logto.app/oidc/token',
      revocationEndpoint: 'https://acme.logto.app/oidc/token/revocation',
      rotation: 'sometimes',
    })
  })

  it('takes a host with a path before', () => {
    const { issuer } = logto({ endpoint: 'https://example.com/oidc-eu/' })

    expect(issuer).toBe('https://example.com/oidc-eu/oidc')
  })

  it.each([undefined, '', null])('says what is missing when the endpoint is %j', (endpoint) => {
    const make = (): unknown => logto({ endpoint: endpoint as string })

    expect(make).toThrow(TypeError)
    expect(make).toThrow(/endpoint is \w+: write 'https:/)
  })

  it.each(['acme.logto.app', 'http://acme.logto.app', 'https://${TENANT}.logto.app'])(
    'does not take %s',
    (endpoint) => {
      expect(() => logto({ endpoint })).toThrow(TypeError)
    },
  )

  it('takes overrides of every axis', () => {
    const provider = logto({
      endpoint: 'https://acme.logto.app',
      clientAuthentication: 'client_secret_post',
      failures: { 503: 'deferred' },
    })

    expect(provider).toMatchObject({
      clientAuthentication: 'client_secret_post',
      failures: { 503: 'deferred', invalid_scope: 'refused_before' },
    })
  })
})
