import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Shopify, expiring offline access tokens of an app in one shop.
 *
 * A refresh token is replaced at each use. The one before works until the app uses its replacement.
 */
export const facts = {
  id: 'shopify',
  name: 'Shopify',
  for: 'Shopify apps with expiring offline access tokens',
  parameters: {
    shop: { is: 'name', pattern: '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?', example: 'acme' },
  },
  tokenEndpoint: 'https://{shop}.myshopify.com/admin/oauth/access_token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  // For 30 days from its first use, and not past its own 90 days.
  reuse: 'until_successor_used',
  oldAccessToken: 'dies',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 90 * DAY_MS },
  wire: {
    expiresIn: 'number',
    members: { scope: 'read_orders', refresh_token_expires_in: 7_776_000 },
  },
  authorizationRequest: { parameters: { expiring: '1' } },
  missingRefreshToken:
    'Ask for an expiring token: send expiring=1 with the code, or with the token exchange.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OFFLINE_ACCESS_TOKENS_NOW_SU =
  'https://shopify.dev/changelog/offline-access-tokens-now-support-expiry-and-refresh'
const OFFLINE_ACCESS_TOKENS =
  'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens'
const MORE_RESILIENT_REFRESHES_FOR =
  'https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, with the lifetimes of both',
      source: OFFLINE_ACCESS_TOKENS_NOW_SU,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        refresh_token: 'rt-2',
        refresh_token_expires_in: 7_776_000,
        scope: 'read_orders',
      },
      ends: 'granted',
    },
    {
      title: 'the token is expired, or retired',
      source: OFFLINE_ACCESS_TOKENS,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a 401 without a code proves nothing of the token',
      source: OFFLINE_ACCESS_TOKENS,
      status: 401,
      body: '',
      ends: 'refused_before',
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
    tokenEndpoint: OFFLINE_ACCESS_TOKENS,
    revocationEndpoint: OFFLINE_ACCESS_TOKENS,
    clientAuthentication: OFFLINE_ACCESS_TOKENS,
    rotation: OFFLINE_ACCESS_TOKENS_NOW_SU,
    reuse: MORE_RESILIENT_REFRESHES_FOR,
    oldAccessToken: OFFLINE_ACCESS_TOKENS,
    lifetimes: OFFLINE_ACCESS_TOKENS,
    wire: OFFLINE_ACCESS_TOKENS_NOW_SU,
    authorizationRequest: OFFLINE_ACCESS_TOKENS,
  },
  limits: [
    {
      what: 'live expiring offline tokens',
      per: 'app and shop',
      max: 1,
      then:
        'A new one, of a refresh, a new installation or a token exchange, ends ' +
        'those before it.',
      source: OFFLINE_ACCESS_TOKENS,
    },
  ],
  changes: [
    {
      on: '2026-04-01',
      what: 'New public apps must use expiring offline tokens.',
      source: OFFLINE_ACCESS_TOKENS,
    },
    {
      on: '2026-08-28',
      what:
        'The token before works until its replacement is used, for at most 30 ' +
        'days. Until then it could be retried for 60 minutes.',
      source: MORE_RESILIENT_REFRESHES_FOR,
    },
    {
      on: '2027-01-01',
      what: 'All public apps must use expiring offline tokens. Requests with others are refused.',
      source: OFFLINE_ACCESS_TOKENS,
    },
  ],
  aliases: { nango: ['shopify'] },
} as const satisfies ProviderEvidence

/** @param options `shop`: The name before `.myshopify.com`. */
export const shopify = (options: { shop: string } & Overrides): Provider =>
  providerOf(facts, options)
