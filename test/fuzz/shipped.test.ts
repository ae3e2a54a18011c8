import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import { logto } from '../../providers/logto.ts'
import { oidc } from '../../providers/oidc.ts'
import { spotify } from '../../providers/spotify.ts'
import type { Provider } from '../../src/core/provider.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'
import type { FuzzOptions } from '../../src/testing/fuzz-provider.ts'
import { presets } from '../../src/testing/presets.ts'
import { COOKIE_GET, JSON_POST } from '../providers/described.ts'
import { isLong, runs } from '../runs.ts'
import { cookieBackend, jsonBackend } from './servers.ts'

const issuer = 'https://id.example.com'

const SHIPPED: readonly (readonly [string, Provider, FuzzOptions['server']])[] = [
  ['logto', logto({ endpoint: 'https://tenant.logto.app' }), 'logto'],
  ['spotify', spotify(), 'spotify'],
  ['credentials, JSON by POST', credentials(JSON_POST), jsonBackend],
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
