import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Figma.
 *
 * Deviations from RFC 6749:
 *
 * - §6: a refresh has an endpoint of its own, and no `grant_type` is needed.
 * - §6: the refresh token is not replaced.
 */
export const facts = {
  id: 'figma',
  name: 'Figma',
  for: 'Figma apps',
  tokenEndpoint: 'https://api.figma.com/v1/oauth/refresh',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_basic',
  // That no answer ever brings one is not said.
  rotation: 'sometimes',
  keptAs: 'absent',
  lifetimes: { accessMs: 90 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTHENTICATION = 'https://developers.figma.com/docs/rest-api/authentication/'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: AUTHENTICATION,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 7_776_000 },
      ends: 'granted',
    },
    {
      title: 'revoked or unknown, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: RFC_6749,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: AUTHENTICATION,
    revocationEndpoint: AUTHENTICATION,
    clientAuthentication: AUTHENTICATION,
    rotation: AUTHENTICATION,
    keptAs: AUTHENTICATION,
    lifetimes: AUTHENTICATION,
    wire: AUTHENTICATION,
  },
  aliases: { authJs: ['figma'], betterAuth: ['figma'], nango: ['figma', 'figjam'] },
  notes: [
    'The errors of this endpoint are not documented. What is not known counts ' +
      'as a token that may be spent.',
  ],
} as const satisfies ProviderEvidence

export const figma = (overrides?: Overrides): Provider => providerOf(facts, overrides)
