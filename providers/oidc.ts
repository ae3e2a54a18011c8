import { defineProvider } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'

/**
 * Any authorization server with metadata to discover (OIDC Discovery 1.0, RFC 8414) that keeps to
 * RFC 6749.
 *
 * Nothing is assumed of it: a token may or may not rotate, and is never presented again after an
 * answer that was lost.
 *
 * @param issuer As the metadata writes it, to the last slash.
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export const oidc = ({ issuer, ...overrides }: { issuer: string } & Overrides): Provider =>
  defineProvider({ id: 'oidc', issuer, verifiedAt: '2026-11-21' }, overrides)
