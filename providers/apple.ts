import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Sign in with Apple.
 *
 * The client secret is a JWT that you sign, and that expires after six months at the latest. An
 * answer brings no refresh token: the old one is kept.
 */
export const facts = {
  id: 'apple',
  name: 'Apple',
  for: 'Sign in with Apple',
  issuer: 'https://appleid.apple.com',
  tokenEndpoint: 'https://appleid.apple.com/auth/token',
  revocationEndpoint: 'https://appleid.apple.com/auth/revoke',
  clientAuthentication: 'client_secret_post',
  // That no answer ever brings one is not said.
  rotation: 'sometimes',
  keptAs: 'absent',
  // An app may verify one refresh token again each day, for as long as the user stays signed in.
  reuse: 'accepted',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const GENERATE_AND_VALIDATE_TOKENS =
  'https://developer.apple.com/documentation/signinwithapplerestapi/generate-and-validate-tokens'
const VERIFYING_A_USER =
  'https://developer.apple.com/documentation/signinwithapple/verifying-a-user'
const ERRORRESPONSE =
  'https://developer.apple.com/documentation/signinwithapplerestapi/errorresponse'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: GENERATE_AND_VALIDATE_TOKENS,
      status: 200,
      body: { access_token: 'at-2', token_type: 'Bearer', expires_in: 3600, id_token: 'x' },
      ends: 'granted',
      reads: { idToken: null },
    },
    {
      title: 'revoked or expired',
      source: ERRORRESPONSE,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a secret that is wrong or expired',
      source: ERRORRESPONSE,
      status: 400,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: 'https://appleid.apple.com/.well-known/openid-configuration',
    tokenEndpoint: GENERATE_AND_VALIDATE_TOKENS,
    revocationEndpoint:
      'https://developer.apple.com/documentation/signinwithapplerestapi/revoke-tokens',
    clientAuthentication: GENERATE_AND_VALIDATE_TOKENS,
    rotation: GENERATE_AND_VALIDATE_TOKENS,
    keptAs: GENERATE_AND_VALIDATE_TOKENS,
    reuse: VERIFYING_A_USER,
    lifetimes: GENERATE_AND_VALIDATE_TOKENS,
    wire: GENERATE_AND_VALIDATE_TOKENS,
  },
  limits: [
    {
      what: 'refreshes',
      per: 'user',
      max: 1,
      withinMs: 86_400_000,
      then: 'Apple may slow down calls that come more often.',
      source: VERIFYING_A_USER,
    },
  ],
  aliases: { authJs: ['apple'], betterAuth: ['apple'] },
  notes: [
    'Make the secret anew before it expires: `createRefresher` takes another ' +
      'client with each deployment.',
  ],
} as const satisfies ProviderEvidence

export const apple = (overrides?: Overrides): Provider => providerOf(facts, overrides)
