import { defineProvider, descriptionOf } from '../src/core/define-provider.ts'
import type { AuthenticateClient, Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Stripe Apps with OAuth.
 *
 * Deviations from RFC 6749:
 *
 * - §2.3.1: the secret key is the user of Basic, and there is no password.
 * - §5.1: no `expires_in`. An access token lives for an hour.
 */
export const facts = {
  id: 'stripe-apps',
  name: 'Stripe Apps',
  for: 'Stripe Apps with OAuth',
  tokenEndpoint: 'https://api.stripe.com/v1/oauth/token',
  revocationEndpoint: null,
  rotation: 'always',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 365 * DAY_MS },
  wire: {
    expiresIn: 'absent',
    tokenType: 'bearer',
    members: { livemode: false, stripe_user_id: 'acct_1' },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH = 'https://docs.stripe.com/stripe-apps/api-authentication/oauth'
const OAUTH_REFERENCE = 'https://docs.stripe.com/connect/oauth-reference#post-token-errors'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, without a lifetime',
      source: OAUTH,
      status: 200,
      body: {
        access_token: 'at-2',
        livemode: false,
        refresh_token: 'rt-2',
        scope: 'stripe_apps',
        stripe_publishable_key: 'pk_1',
        stripe_user_id: 'acct_1',
        token_type: 'bearer',
      },
      ends: 'granted',
      reads: { expiresInMs: 3_600_000 },
    },
    {
      title: 'spent, expired or revoked',
      source: OAUTH_REFERENCE,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token does not exist.' },
      ends: 'rejected',
    },
    {
      title: 'a wrong key',
      source: OAUTH_REFERENCE,
      status: 401,
      body: { error: 'invalid_client', error_description: 'No such API key.' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH,
    revocationEndpoint: OAUTH,
    rotation: OAUTH,
    lifetimes: OAUTH,
    wire: [
      OAUTH,
      'https://github.com/NangoHQ/nango/blob/master/packages/shared/lib/clients/provider.client.ts',
    ],
  },
  aliases: { nango: ['stripe-app', 'stripe-app-sandbox'] },
  notes: [
    'Connect (`https://connect.stripe.com/oauth/token`) is another server. Its ' +
      'tokens do not expire.',
  ],
} as const satisfies ProviderEvidence

/** `client.secret` is the secret key of the account. */
export const stripeApps = (overrides: Overrides = {}): Provider =>
  defineProvider({ ...descriptionOf(facts), clientAuthentication: authenticate }, overrides)

const authenticate: AuthenticateClient = ({ headers }, { client }) =>
  headers.set('authorization', `Basic ${btoa(`${client.secret ?? client.id}:`)}`)
