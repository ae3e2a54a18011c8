import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * DingTalk.
 *
 * Deviations from RFC 6749:
 *
 * - §6, §5.1: request and answer are JSON with names in camel case.
 */
export const facts = {
  id: 'dingtalk',
  name: 'DingTalk',
  for: 'DingTalk apps',
  tokenEndpoint: 'https://api.dingtalk.com/v1.0/oauth2/userAccessToken',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  lifetimes: { accessMs: 7_200_000 },
  request: {
    format: 'json',
    names: {
      client_id: 'clientId',
      client_secret: 'clientSecret',
      refresh_token: 'refreshToken',
      grant_type: 'grantType',
    },
  },
  response: {
    members: {
      access_token: 'accessToken',
      refresh_token: 'refreshToken',
      expires_in: 'expireIn',
      error: ['error', 'code'],
    },
  },
  wire: { expiresIn: 'number', tokenType: 'absent', members: { corpId: 'c-1' } },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OBTAIN_USER_TOKEN = 'https://open.dingtalk.com/document/orgapp/obtain-user-token'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, in camel case',
      source: OBTAIN_USER_TOKEN,
      status: 200,
      body: { accessToken: 'at-2', refreshToken: 'rt-2', expireIn: 7200, corpId: 'c-1' },
      ends: 'granted',
      reads: { accessToken: 'at-2', refreshToken: 'rt-2', expiresInMs: 7_200_000 },
    },
    {
      title: 'a dead token, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'an error of which nothing is known',
      source: OBTAIN_USER_TOKEN,
      status: 400,
      body: { code: 'invalidParameter', message: 'x', requestid: 'r-1' },
      ends: 'unknown',
      reads: { oauthError: 'invalidParameter' },
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
    tokenEndpoint: OBTAIN_USER_TOKEN,
    revocationEndpoint: OBTAIN_USER_TOKEN,
    clientAuthentication: OBTAIN_USER_TOKEN,
    rotation: OBTAIN_USER_TOKEN,
    lifetimes: OBTAIN_USER_TOKEN,
    request: OBTAIN_USER_TOKEN,
    response: OBTAIN_USER_TOKEN,
    wire: OBTAIN_USER_TOKEN,
  },
  notes: [
    'The errors of a dead token are not documented. What is not known counts ' +
      'as a token that may be spent.',
  ],
} as const satisfies ProviderEvidence

export const dingtalk = (overrides?: Overrides): Provider => providerOf(facts, overrides)
