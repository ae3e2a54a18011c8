import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * HubSpot, with the token endpoint of 2026-03.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: a dead token may be answered with `status: 'BAD_REFRESH_TOKEN'` and no `error`.
 *
 * The v1 endpoint ends on 2027-02-16.
 */
export const facts = {
  id: 'hubspot',
  name: 'HubSpot',
  for: 'HubSpot apps',
  tokenEndpoint: 'https://api.hubapi.com/oauth/2026-03/token',
  revocationEndpoint: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  introspectionEndpoint: 'https://api.hubapi.com/oauth/2026-03/token/introspect',
  retired: [
    {
      address: 'https://api.hubapi.com/oauth/v1/token',
      from: '2027-02-16',
      use: 'https://api.hubapi.com/oauth/2026-03/token',
    },
    {
      address: 'https://api.hubspot.com/oauth/v1/token',
      from: '2027-02-16',
      use: 'https://api.hubapi.com/oauth/2026-03/token',
    },
  ],
  clientAuthentication: 'client_secret_post',
  // The same token comes back. That it never changes is not said.
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 1_800_000 },
  wire: {
    expiresIn: 'number',
    members: { hub_id: 1 },
    dead: {
      status: 400,
      error: 'invalid_grant',
      members: { status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' },
    },
  },
  response: { members: { error: ['error', 'status'] } },
  failures: { BAD_REFRESH_TOKEN: 'rejected' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const MANAGE_OAUTH_TOKENS =
  'https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens'
const HUBSPOT_OAUTH_BAD_REFRESH_TO = 'https://nango.dev/blog/hubspot-oauth-bad-refresh-token'
const V1_OAUTH_API_DEPRECATION = 'https://developers.hubspot.com/changelog/v1-oauth-api-deprecation'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'the same refresh token comes back: it is kept',
      source: MANAGE_OAUTH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-1',
        expires_in: 1800,
        token_type: 'bearer',
        hub_id: 1_234_567,
      },
      ends: 'granted',
    },
    {
      title: 'a dead token, with a status instead of a code',
      source: HUBSPOT_OAUTH_BAD_REFRESH_TO,
      status: 400,
      body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' },
      ends: 'rejected',
      reads: { oauthError: 'BAD_REFRESH_TOKEN' },
    },
    {
      title: 'a dead token, with the code of RFC 6749',
      source:
        'https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide',
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'the client is not known, or its secret is wrong',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: V1_OAUTH_API_DEPRECATION,
    revocationEndpoint: V1_OAUTH_API_DEPRECATION,
    introspectionEndpoint: V1_OAUTH_API_DEPRECATION,
    retired: V1_OAUTH_API_DEPRECATION,
    clientAuthentication: MANAGE_OAUTH_TOKENS,
    rotation: MANAGE_OAUTH_TOKENS,
    keptAs: MANAGE_OAUTH_TOKENS,
    lifetimes: MANAGE_OAUTH_TOKENS,
    wire: [MANAGE_OAUTH_TOKENS, HUBSPOT_OAUTH_BAD_REFRESH_TO],
    response: HUBSPOT_OAUTH_BAD_REFRESH_TO,
    failures: HUBSPOT_OAUTH_BAD_REFRESH_TO,
  },
  changes: [
    {
      on: '2027-02-16',
      what:
        'The v1 endpoints end. This provider warns when one of them is given, and ' +
        'refuses it from that day.',
      source: V1_OAUTH_API_DEPRECATION,
    },
  ],
  aliases: { authJs: ['hubspot'], nango: ['hubspot'] },
  notes: [
    'Ask for the scope `oauth` at sign-in.',
    'If you have seen that your tokens never change, write `hubspot({ ' +
      'rotation: "never", reuse: "accepted" })`: then a lost answer costs ' +
      'nothing.',
  ],
} as const satisfies ProviderEvidence

export const hubspot = (overrides?: Overrides): Provider => providerOf(facts, overrides)
