import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Xero. A refresh token is replaced at each use, and accepted for 30 minutes more. */
export const facts = {
  id: 'xero',
  name: 'Xero',
  for: 'Xero apps',
  issuer: 'https://identity.xero.com',
  tokenEndpoint: 'https://identity.xero.com/connect/token',
  revocationEndpoint: 'https://identity.xero.com/connect/revocation',
  rotation: 'always',
  reuse: { acceptedForMs: 1_800_000 },
  lifetimes: { accessMs: 1_800_000, refreshIdleMs: 60 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken: 'Ask for the scope offline_access.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTH_FLOW = 'https://developer.xero.com/documentation/guides/oauth2/auth-flow/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: AUTH_FLOW,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 1800,
        token_type: 'Bearer',
        refresh_token: 'rt-2',
        scope: 'openid offline_access accounting.transactions',
      },
      ends: 'granted',
    },
    {
      title: 'spent more than 30 minutes ago, or not used for 60 days',
      source: 'https://community.xero.com/developer/discussion/105714701/',
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 400,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: 'https://identity.xero.com/.well-known/openid-configuration',
    tokenEndpoint: AUTH_FLOW,
    revocationEndpoint: AUTH_FLOW,
    rotation: AUTH_FLOW,
    reuse: 'https://developer.xero.com/faq/oauth2',
    lifetimes: AUTH_FLOW,
    wire: AUTH_FLOW,
    authorizationRequest: AUTH_FLOW,
  },
  aliases: { nango: ['xero'] },
  notes: ['A client with PKCE has no secret: leave it out.'],
} as const satisfies ProviderEvidence

export const xero = (overrides?: Overrides): Provider => providerOf(facts, overrides)
