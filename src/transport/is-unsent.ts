import { ownField } from '../core/text.ts'

/** Causes lie nested: `fetch` wraps undici's error, which may wrap another. */
const DEPTH_MAX = 8

/** The name was not resolved, or no connection was made. */
const BEFORE_CONNECTING: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  // The only answer to a SYN that says so; an open TCP connection never ends like this.
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** An open connection fails with these, too: they are proof only if `connect` failed. */
const WHILE_CONNECTING: ReadonlySet<string> = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
])

/**
 * We refused the server's certificate (X.509 verification, as OpenSSL and Node name its results):
 * raised by this side, at the end of the handshake and before the first byte of the request.
 *
 * `EPROTO` and `ERR_SSL_*` are missing on purpose. With TLS 1.3 a server's alert (a client
 * certificate it wants, say) may come after the request was sent, under the same codes.
 */
const CERTIFICATE_REFUSED: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * Whether the error of a failed `fetch` proves that nothing of the request was sent.
 *
 * Strict, for a wrong `true` presents a token twice: what could also happen to an open connection
 * (`ECONNRESET`, a timeout of ours, any error without a code) proves nothing. The outermost error
 * that has a code decides; of several attempts to connect (RFC 8305) each must have failed so.
 *
 * Knows the codes of Node and undici. It holds for a `fetch` that tries once: one that sends again
 * by itself hides the first attempt behind the error of the last.
 */
export function isUnsent(error: unknown): boolean {
  try {
    return proves(error, DEPTH_MAX)
  } catch {
    return false
  }
}

function proves(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth === 0) return false
  const attempts = ownField(error, 'errors')
  if (Array.isArray(attempts) && attempts.length > 0) {
    return attempts.every((attempt) => proves(attempt, depth - 1))
  }
  const code = 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return proves(ownField(error, 'cause'), depth - 1)
  if (BEFORE_CONNECTING.has(code) || CERTIFICATE_REFUSED.has(code)) return true
  return WHILE_CONNECTING.has(code) && ownField(error, 'syscall') === 'connect'
}
