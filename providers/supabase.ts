import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Supabase Auth (GoTrue), the session of a user of your application.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is JSON; `grant_type` is in the query, and no client authenticates.
 * - §5.2: errors have `error_code`, and `code` is the status.
 *
 * The token before the newest is always accepted, and brings the newest.
 */
export const facts = {
  id: 'supabase',
  name: 'Supabase Auth',
  for: 'users of Supabase projects',
  parameters: { url: { is: 'url', example: 'https://acme.supabase.co/auth/v1' } },
  tokenEndpoint: '{url}/token?grant_type=refresh_token',
  revocationEndpoint: null,
  clientAuthentication: 'none',
  rotation: 'always',
  // A token is retired when its successor is presented.
  reuse: 'until_successor_used',
  reuseAnswer: 'idempotent',
  reuseEffect: 'family',
  lifetimes: { accessMs: 3_600_000 },
  request: { format: 'json', names: { client_id: null, grant_type: null } },
  response: { members: { error: ['error_code', 'error'] } },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    dead: {
      status: 400,
      error: 'refresh_token_already_used',
      members: { code: 400, msg: 'Invalid Refresh Token: Already Used' },
    },
  },
  failures: {
    refresh_token_not_found: 'rejected',
    refresh_token_already_used: 'rejected',
    session_not_found: 'rejected',
    session_expired: 'rejected',
    user_banned: 'rejected',
    conflict: 'unknown',
    over_request_rate_limit: 'deferred',
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const SERVICE = 'https://github.com/supabase/auth/blob/master/internal/tokens/service.go'
const ERRORCODE = 'https://github.com/supabase/auth/blob/master/internal/api/apierrors/errorcode.go'
const CONFIGURATION = 'https://github.com/supabase/auth/blob/master/internal/conf/configuration.go'
const OPENAPI = 'https://github.com/supabase/auth/blob/master/openapi.yaml'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: SERVICE,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 3600,
        expires_at: 1_893_456_000,
        refresh_token: 'rt-2',
        user: { id: 'u-1' },
      },
      ends: 'granted',
    },
    {
      title: 'spent, and its successor too',
      source: SERVICE,
      status: 400,
      body: {
        code: 400,
        error_code: 'refresh_token_already_used',
        msg: 'Invalid Refresh Token: Already Used',
      },
      ends: 'rejected',
      reads: { oauthError: 'refresh_token_already_used' },
    },
    {
      title: 'unknown or revoked',
      source: SERVICE,
      status: 400,
      body: {
        code: 400,
        error_code: 'refresh_token_not_found',
        msg: 'Invalid Refresh Token: Refresh Token Not Found',
      },
      ends: 'rejected',
      reads: { oauthError: 'refresh_token_not_found' },
    },
    {
      title: 'the session is over',
      source: SERVICE,
      status: 400,
      body: {
        code: 400,
        error_code: 'session_expired',
        msg: 'Invalid Refresh Token: Session Expired',
      },
      ends: 'rejected',
      reads: { oauthError: 'session_expired' },
    },
    {
      title: 'another request renews the same session',
      source: SERVICE,
      status: 409,
      body: {
        code: 409,
        error_code: 'conflict',
        msg: 'Too many concurrent token refresh requests on the same session or refresh token',
      },
      ends: 'unknown',
      reads: { oauthError: 'conflict' },
    },
    {
      title: 'too many requests of an address',
      source: ERRORCODE,
      status: 429,
      body: { code: 429, error_code: 'over_request_rate_limit', msg: 'Request rate limit reached' },
      ends: 'deferred',
      reads: { oauthError: 'over_request_rate_limit' },
    },
    {
      title: "a session of another client (Supabase's OAuth server)",
      source: SERVICE,
      status: 400,
      body: {
        error: 'invalid_client',
        error_description: "Client does not match the session's OAuth client",
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OPENAPI,
    revocationEndpoint: OPENAPI,
    clientAuthentication: SERVICE,
    rotation: CONFIGURATION,
    reuse: SERVICE,
    reuseAnswer: SERVICE,
    reuseEffect: SERVICE,
    lifetimes: CONFIGURATION,
    request: OPENAPI,
    response: ERRORCODE,
    wire: [SERVICE, ERRORCODE],
    failures: ERRORCODE,
  },
  limits: [
    {
      what: 'refreshes',
      per: 'address',
      max: 150,
      withinMs: 300_000,
      then: 'More are answered with 429.',
      source: CONFIGURATION,
    },
  ],
  variants: [
    {
      when: 'the project sets a time box or an inactivity timeout',
      says: 'The session ends then: `session_expired`.',
      source: SERVICE,
    },
  ],
  notes: ['The hosted gateway wants the key of the project: `request: { headers: { apikey } }`.'],
} as const satisfies ProviderEvidence

/** @param options `url`: `https://<project>.supabase.co/auth/v1`. */
export const supabase = (options: { url: string } & Overrides): Provider =>
  providerOf(facts, options)
