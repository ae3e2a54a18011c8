import { describe, expect, it } from 'vitest'
import { spotify } from '../../providers/spotify.ts'
import { createTransport } from '../../src/transport/transport.ts'
import { Secret } from '../../src/core/secret.ts'
import { systemClock } from '../../src/core/clock.ts'
import { loopback, say } from '../transport/loopback.ts'
import { providerContract } from './contract.ts'

providerContract({
  name: 'spotify',
  provider: (origin) => spotify({ tokenEndpoint: `${origin}/api/token` }),
  client: { id: 'app' },
})

describe('spotify', () => {
  it('speaks to one endpoint, and knows no revocation', () => {
    expect(spotify()).toMatchObject({
      id: 'spotify',
      tokenEndpoint: 'https://accounts.spotify.com/api/token',
      revocationEndpoint: null,
      rotation: 'sometimes',
    })
  })

  it('sends the secret in the header, and nothing of the client in the body', async () => {
    const server = await loopback((_, response) => say(response, 200, { access_token: 'at-2' }))
    const transport = createTransport({
      provider: spotify({ tokenEndpoint: `${server.origin}/api/token` }),
      client: { id: 'app', secret: 'client-secret' },
      clock: systemClock,
      requestTimeoutMs: 5_000,
    })

    const prepared = await transport.prepare()
    if (!prepared.ready) throw new Error(prepared.code)
    await prepared.present({ refreshToken: new Secret('rt-1'), audience: {} })

    expect(server.seen[0]).toMatchObject({
      headers: { authorization: 'Basic YXBwOmNsaWVudC1zZWNyZXQ=' },
      form: { grant_type: 'refresh_token', refresh_token: 'rt-1' },
    })
    expect(server.seen[0]!.form).not.toHaveProperty('client_id')
  })

  it('has six months that no half-year is shorter than', () => {
    const { refreshLifetimeMs = 0 } = spotify().response
    const starts = Array.from({ length: 1461 }, (_, day) => new Date(Date.UTC(2027, 0, 1 + day)))

    const lengths = starts.map((start) => {
      const lastOfMonth = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 7, 0))
      const day = Math.min(start.getUTCDate(), lastOfMonth.getUTCDate())
      return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 6, day) - start.getTime()
    })

    expect(Math.min(...lengths)).toBe(refreshLifetimeMs)
  })
})
