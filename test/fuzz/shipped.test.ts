import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import { oidc } from '../../providers/oidc.ts'
import type { Provider } from '../../src/core/provider.ts'
import type { ServerDescription } from '../../src/testing/authorization-server.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'
import type { FuzzOptions } from '../../src/testing/fuzz-provider.ts'
import { presets } from '../../src/testing/presets.ts'
import { COOKIE_GET } from '../providers/described.ts'
import { isLong, runs } from '../runs.ts'

/** The backend of a tutorial, as `credentials` describes it from the other side. */
const cookieBackend: ServerDescription = {
  name: 'cookie-backend',
  rotation: 'sometimes',
  keptAs: 'absent',
  wire: {
    carry: { cookie: 'refresh' },
    answer: { accessToken: 'token', refreshToken: { cookie: 'refresh' } },
    accessToken: 'jwt',
    expiresIn: 'absent',
    tokenType: 'absent',
    dead: { status: 401 },
    client: { status: 403 },
  },
}

const issuer = 'https://id.example.com'

const SHIPPED: readonly (readonly [string, Provider, FuzzOptions['server']])[] = [
  ['credentials, a cookie by GET', credentials(COOKIE_GET), cookieBackend],
  ['oidc, of which nothing is known', oidc({ issuer }), 'rfc6749'],
  ['oidc', oidc({ issuer }), 'oidc-provider'],
  ['oidc', oidc({ issuer }), 'keycloak'],
  ['oidc', oidc({ issuer }), 'okta'],
  [
    'oidc, told of a gateway that never lets a token through with its 503',
    oidc({ issuer, failures: { 503: 'deferred' } }),
    { ...presets['oidc-provider'], unavailable: 'before_consuming' },
  ],
  ['oidc, told that older tokens die', oidc({ issuer, oldAccessToken: 'dies' }), 'hydra'],
]

/** Alone on a core each takes a tenth of this. */
const TIMEOUT_MS = runs(60_000)

describe('fuzzProvider finds nothing against', () => {
  it.each(SHIPPED)(
    '%s',
    async (_, provider, server) => {
      // CI draws the same worlds each time; `npm run verify` draws others.
      const seed = isLong ? {} : { seed: 20_261_121 }

      const found = await fuzzProvider(provider, { server, runs: runs(200), ...seed })

      expect(found.runs).toBe(runs(200))
    },
    TIMEOUT_MS,
  )
})
