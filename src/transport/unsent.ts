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

/**
 * A mock of `fetch` knows no answer to this request, and lets it go nowhere: of undici, nock, MSW
 * and fetch-mock. What a mock is told to fail with is no proof.
 */
const MOCKED: ReadonlySet<string> = new Set(['UND_MOCK_ERR_MOCK_NOT_MATCHED', 'ERR_NOCK_NO_MATCH'])
const NOT_MOCKED = new RegExp(
  '^(?:Nock: (?:Disallowed net connect|No match) for ' +
    '|\\[MSW\\] Cannot bypass a request when using the "error" strategy' +
    '|fetch-mock: No response or fallback rule )',
)

/** An open connection fails with these, too: they are proof only if `connect` failed. */
const WHILE_CONNECTING: ReadonlySet<string> = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'ETIMEDOUT',
  // This side may not connect, or has no descriptor left.
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'EINVAL',
  'ENOENT',
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
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What undici says of a proxy that refused a tunnel: no byte of the request went into it. */
const TUNNEL_REFUSED = /^Proxy response \(\d{3}\) !== 200 when HTTP Tunneling$/

/** No tunnel was made: by Node's own proxy agent (Node 24), by TLS to the proxy itself (undici). */
const WITHOUT_TUNNEL: ReadonlySet<string> = new Set(['ERR_PROXY_TUNNEL', 'UND_ERR_PRX_TLS'])

/** The same in words: of the packages `tunnel-agent`, `https-proxy-agent` and `socks`. */
const TUNNEL_FAILED = new RegExp(
  '^(?:tunneling socket could not be established' +
    '|Proxy connection ended before receiving CONNECT|Socks[45] proxy rejected connection)',
)

/** What `fetch` says of a port that it never connects to: undici, Deno. */
const PORT_REFUSED = /^(?:bad port|Fetch failed: Requests to port \d+ are blocked)$/

/** What Deno says where its permissions do not let a program connect. */
const NET_DENIED = /^Requires net access to /

/** Why nothing of a request was sent, and what the operator can do about it. */
export const UNSENT = {
  unconnected: undefined,
  certificate:
    'Its certificate is not accepted. If your company signs with an authority of its own, start ' +
    'the process with NODE_EXTRA_CA_CERTS (Deno: DENO_CERT) set to the file of that authority.',
  proxy: 'The proxy refused to connect: check its address, user and password.',
  mocked: 'The mock of fetch knows no answer to this request: let it answer the token endpoint.',
  port: 'fetch never connects to this port: let the server listen on another one.',
} as const

export type Unsent = keyof typeof UNSENT

/**
 * Whether the error of a failed `fetch` proves that nothing of the request was sent, and why.
 *
 * Strict, for a wrong proof presents a token twice: what could also happen to an open connection
 * (`ECONNRESET`, a timeout of ours, any error without a code) proves nothing. The outermost error
 * that has a code decides; of several attempts to connect (RFC 8305) each must have failed so.
 *
 * Knows the codes of Node, undici and Bun. It holds for a `fetch` that tries once: one that sends
 * again by itself hides the first attempt behind the error of the last.
 *
 * @returns `undefined` without a proof.
 */
export function whyUnsent(error: unknown): Unsent | undefined {
  try {
    return proofOf(error, DEPTH_MAX)
  } catch {
    return undefined
  }
}

function proofOf(error: unknown, depth: number): Unsent | undefined {
  if (typeof error !== 'object' || error === null || depth === 0) return undefined
  const attempts = ownField(error, 'errors')
  if (Array.isArray(attempts) && attempts.length > 0) {
    const proofs = attempts.map((attempt) => proofOf(attempt, depth - 1))
    return proofs.includes(undefined) ? undefined : proofs[0]
  }
  const code = 'code' in error ? error.code : undefined
  const message = String((error as { readonly message?: unknown }).message)
  if (TUNNEL_FAILED.test(message)) return 'proxy'
  if (NOT_MOCKED.test(message)) return 'mocked'
  if (typeof code !== 'string') {
    if (code === undefined && PORT_REFUSED.test(message)) return 'port'
    if (code === undefined && NET_DENIED.test(message)) return 'unconnected'
    return proofOf(ownField(error, 'cause'), depth - 1)
  }
  if (CERTIFICATE_REFUSED.has(code)) return 'certificate'
  if (code === 'UND_ERR_ABORTED' && TUNNEL_REFUSED.test(message)) return 'proxy'
  if (WITHOUT_TUNNEL.has(code)) return 'proxy'
  // Of the permissions of Node only this one is about the request: a denied file is no proof.
  if (code === 'ERR_ACCESS_DENIED') {
    return ownField(error, 'permission') === 'Net' ? 'unconnected' : undefined
  }
  if (MOCKED.has(code)) return 'mocked'
  if (BEFORE_CONNECTING.has(code)) return 'unconnected'
  const isConnecting = WHILE_CONNECTING.has(code) && ownField(error, 'syscall') === 'connect'
  return isConnecting ? 'unconnected' : undefined
}

/** The part of Deno that is used here. */
interface DenoLike {
  readonly createHttpClient?: (options: { readonly poolMaxIdlePerHost: number }) => object
}

const runtime = globalThis as { readonly Deno?: DenoLike; readonly Bun?: object }

let unpooled: object | undefined

/** A client of Deno's that shares no connection. `undefined` elsewhere. */
function unpooledClient(): object | undefined {
  try {
    return (unpooled ??= runtime.Deno?.createHttpClient?.({ poolMaxIdlePerHost: 0 }))
  } catch {
    return undefined
  }
}

/**
 * The runtime's `fetch`, looked up at each call, because frameworks replace it.
 *
 * Deno, and Bun before 1.3, send a request again if an idle connection breaks under it, and report
 * that they could not connect again although the server has the request. So each request gets a
 * connection of its own there, and only then does a failure to connect prove anything.
 */
export async function runtimeFetch(url: string, init: RequestInit): Promise<Response> {
  const client = unpooledClient()
  if (client === undefined && runtime.Bun === undefined) return globalThis.fetch(url, init)
  try {
    const own = { ...init, keepalive: false, ...(client !== undefined && { client }) }
    return await globalThis.fetch(url, own)
  } catch (error) {
    throw withCode(error)
  }
}

/** A failure to connect: of Deno, by its text; of Bun before 1.3, by its code. */
const CONNECT_FAILED =
  /^error sending request for url \(\S+\): client error \(Connect\)|^ConnectionRefused$/

/** Gives an error of Deno or Bun the code that Node would have given it. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { cause, code } = error as Error & { readonly code?: unknown }
  const text = typeof code === 'string' ? code : cause instanceof Error ? cause.message : ''
  if (!CONNECT_FAILED.test(text)) return error
  const isTunnel = text.includes('unsuccessful tunnel')
  const unconnected = isTunnel ? 'ERR_PROXY_TUNNEL' : 'ECONNREFUSED'
  const known = text.includes('invalid peer certificate') ? 'CERT_UNTRUSTED' : unconnected
  return Object.assign(new Error('not connected', { cause: error }), { code: known })
}
