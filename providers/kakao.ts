import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Kakao Login.
 *
 * An answer brings a refresh token only if less than a month of the old one is left.
 */
export const facts = {
  id: 'kakao',
  name: 'Kakao',
  for: 'Kakao Login',
  issuer: 'https://kauth.kakao.com',
  tokenEndpoint: 'https://kauth.kakao.com/oauth/token',
  revocationEndpoint: null,
  rotation: 'sometimes',
  keptAs: 'absent',
  clientAuthentication: 'client_secret_post',
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    dead: {
      status: 400,
      error: 'invalid_grant',
      members: { error_description: 'expired_or_invalid_refresh_token', error_code: 'KOE322' },
    },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REST_API = 'https://developers.kakao.com/docs/latest/en/kakaologin/rest-api'
const TROUBLE_SHOOTING = 'https://developers.kakao.com/docs/latest/en/kakaologin/trouble-shooting'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: more than a month is left',
      source: REST_API,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 43_199 },
      ends: 'granted',
    },
    {
      title: 'a new one, with its lifetime',
      source: REST_API,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        refresh_token: 'rt-2',
        refresh_token_expires_in: 5_184_000,
        expires_in: 43_199,
      },
      ends: 'granted',
    },
    {
      title: 'expired or unknown',
      source: TROUBLE_SHOOTING,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'expired_or_invalid_refresh_token',
        error_code: 'KOE322',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong key or secret',
      source: TROUBLE_SHOOTING,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'Bad client credentials',
        error_code: 'KOE010',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: 'https://kauth.kakao.com/.well-known/openid-configuration',
    tokenEndpoint: REST_API,
    revocationEndpoint: REST_API,
    clientAuthentication: REST_API,
    rotation: REST_API,
    keptAs: REST_API,
    wire: [REST_API, TROUBLE_SHOOTING],
  },
  aliases: { authJs: ['kakao'], betterAuth: ['kakao'] },
  notes: ['A client without a secret passes `clientAuthentication: "none"`.'],
} as const satisfies ProviderEvidence

export const kakao = (overrides?: Overrides): Provider => providerOf(facts, overrides)
