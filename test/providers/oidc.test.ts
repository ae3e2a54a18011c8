import { describe, expect, it } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { providerContract } from './contract.ts'

providerContract({ name: 'oidc', provider: (origin) => oidc({ issuer: origin }) })

describe('oidc', () => {
  it('assumes nothing of the AS', () => {
    expect(oidc({ issuer: 'https://id.example.com' })).toMatchObject({
      id: 'oidc',
      issuer: 'https://id.example.com',
      rotation: 'sometimes',
      oldAccessToken: 'lives',
      failures: {},
    })
  })

  it('takes overrides of every axis', () => {
    const provider = oidc({
      issuer: 'https://id.example.com',
      id: 'mine',
      rotation: 'always',
      failures: { 503: 'deferred' },
      request: { parameters: { tenant: 't' } },
    })

    expect(provider).toMatchObject({
      id: 'mine',
      rotation: 'always',
      failures: { 503: 'deferred' },
      request: { format: 'form', parameters: { tenant: 't' } },
    })
  })
})
