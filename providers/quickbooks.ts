import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Intuit QuickBooks Online.
 *
 * The value of the refresh token changes about once a day. Until then the same one comes back.
 */
export const facts = {
  id: 'quickbooks',
  name: 'QuickBooks',
  for: 'Intuit QuickBooks Online',
  issuer: 'https://oauth.platform.intuit.com/op/v1',
  tokenEndpoint: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  revocationEndpoint: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 100 * DAY_MS, refreshMs: 1825 * DAY_MS },
  request: { headers: { accept: 'application/json' } },
  response: { members: { refresh_token_expires_in: 'x_refresh_token_expires_in' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    members: { x_refresh_token_expires_in: 8_726_400 },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH_2_0 =
  'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0'
const FAQ =
  'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'the same one comes back, within a day',
      source: OAUTH_2_0,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 3600,
        refresh_token: 'rt-1',
        x_refresh_token_expires_in: 8_726_400,
      },
      ends: 'granted',
    },
    {
      title: 'a new one',
      source: FAQ,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 3600,
        refresh_token: 'rt-2',
        x_refresh_token_expires_in: 8_640_000,
      },
      ends: 'granted',
    },
    {
      title: 'an old value, or 100 days are over',
      source: FAQ,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Incorrect or invalid refresh token' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: FAQ,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: 'https://developer.api.intuit.com/.well-known/openid_configuration',
    tokenEndpoint: OAUTH_2_0,
    revocationEndpoint: OAUTH_2_0,
    clientAuthentication: OAUTH_2_0,
    rotation: FAQ,
    keptAs: FAQ,
    lifetimes: [FAQ, 'https://github.com/intuit/QuickBooks-V3-Java-SDK/releases/tag/v6.5.4'],
    request: OAUTH_2_0,
    response: OAUTH_2_0,
    wire: OAUTH_2_0,
  },
  changes: [
    {
      on: '2027-02-01',
      what: 'The first tokens of restricted and granular scopes reach their end of five years.',
      source: FAQ,
    },
    {
      on: '2028-10-01',
      what:
        'The first tokens of the scopes for accounting and payments reach their ' +
        'end of five years.',
      source: FAQ,
    },
  ],
  aliases: { nango: ['quickbooks', 'quickbooks-sandbox', 'intuit'] },
  notes: [
    'With the header `x-include-refresh-token-hard-expires-in: true` the ' +
      'answer tells the end of the five years too, as ' +
      '`x_refresh_token_hard_expires_in`.',
  ],
} as const satisfies ProviderEvidence

export const quickbooks = (overrides?: Overrides): Provider => providerOf(facts, overrides)
