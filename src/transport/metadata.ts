import { allowInsecureRequests, customFetch, discoveryRequest } from 'oauth4webapi'
import type { Trouble } from '../core/errors.ts'
import { isRecord, ownField } from '../core/text.ts'
import { isLoopback, readEndpoint } from '../core/endpoint.ts'
import type { Provider, RawAnswer } from '../core/provider.ts'
import { captureRequest, retryAfterMs, send } from './send.ts'
import type { HttpReply, Sender } from './send.ts'

/** Metadata is asked for again after an hour; after a failure that it bridges, a minute. */
const FRESH_MS = 60 * 60 * 1000
const STALE_MS = 60 * 1000

/** The metadata of RFC 8414 §2 that we need. An endpoint that must not be used is left out. */
export interface ServerMetadata {
  readonly ready: true
  readonly tokenEndpoint: URL | undefined
  readonly revocationEndpoint: URL | undefined
  readonly authenticationMethods: readonly string[]
}

/** Why nothing could be prepared. Nothing was sent to the token endpoint. */
export interface Unprepared extends Trouble {
  readonly ready: false
  readonly code: 'unreachable' | 'misconfigured' | 'rate_limited'
  /** From now, where the AS says so. */
  readonly retryAfterMs?: number
  /** What to change, in our own words. */
  readonly hint?: string
}

/**
 * Discovers the provider's metadata: one request at a time, remembered for an hour, and beyond that
 * while the AS does not answer.
 *
 * It is believed only from the configured issuer's own address, never after a redirect, and only if
 * it names exactly that issuer (RFC 8414 §3.3): it decides where refresh tokens are sent.
 */
export function discovery(
  provider: Provider,
  sender: Sender,
  timeoutMs: number,
): () => Promise<ServerMetadata | Unprepared> {
  const { clock } = sender
  let known: ServerMetadata | undefined
  let freshUntil = 0
  let flight: Promise<ServerMetadata | Unprepared> | undefined
  const renew = async (): Promise<ServerMetadata | Unprepared> => {
    const found = await discover(provider, sender, timeoutMs)
    if (!found.ready && known === undefined) return found
    if (found.ready) known = found
    freshUntil = clock.monotonic() + (found.ready ? FRESH_MS : STALE_MS)
    return known!
  }
  return async () => {
    if (known !== undefined && clock.monotonic() < freshUntil) return known
    flight ??= renew().finally(() => {
      flight = undefined
    })
    return flight
  }
}

async function discover(
  provider: Provider,
  sender: Sender,
  timeoutMs: number,
): Promise<ServerMetadata | Unprepared> {
  const issuer = new URL(provider.issuer!)
  const endsAt = sender.clock.monotonic() + timeoutMs
  const places = provider.discovery ? [provider.discovery] : (['oidc', 'oauth2'] as const)
  let status: number | undefined
  for (const algorithm of places) {
    const reply = await ask(issuer, algorithm, sender, endsAt - sender.clock.monotonic())
    if (!reply.answered) return { ready: false, code: 'unreachable', origin: issuer.origin }
    status = reply.answer.status
    const failed = { ready: false, status, origin: issuer.origin } as const
    if (status === 200) return read(reply.answer, issuer, provider)
    if (status === 429) {
      const waitMs = retryAfterMs(reply.answer.headers, sender.clock.now())
      return {
        ...failed,
        code: 'rate_limited',
        ...(waitMs !== undefined && { retryAfterMs: waitMs }),
      }
    }
    if (status >= 500) return { ...failed, code: 'unreachable' }
    if (status < 400) break
  }
  return misconfigured(
    issuer,
    'No metadata there: check the issuer, or give the endpoints.',
    status,
  )
}

/** Asks at the address that oauth4webapi knows (OIDC Discovery §4, RFC 8414 §3.1). */
async function ask(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  sender: Sender,
  timeoutMs: number,
): Promise<HttpReply> {
  const { url, headers } = await captureRequest<undefined>((fetch) =>
    discoveryRequest(issuer, {
      algorithm,
      [allowInsecureRequests]: issuer.protocol === 'http:',
      [customFetch]: fetch,
    }),
  )
  return send({ url, method: 'GET', headers }, sender, timeoutMs)
}

function read(
  { body, status }: RawAnswer,
  issuer: URL,
  { issuer: expected, insecure }: Provider,
): ServerMetadata | Unprepared {
  if (!isRecord(body)) return misconfigured(issuer, 'The metadata cannot be read.', status)
  // Compared as text: RFC 8414 §3.3 says "identical", so a slash at the end counts.
  if (ownField(body, 'issuer') !== expected) {
    const hint = "The metadata is another issuer's: write its 'issuer' exactly as it stands there."
    return misconfigured(issuer, hint, status)
  }
  const endpoint = (name: string): URL | undefined => {
    const url = readEndpoint(ownField(body, name), insecure)
    // A remote issuer has no business on our own machine.
    const isStray = url?.protocol === 'http:' && !insecure && !isLoopback(issuer)
    return isStray ? undefined : url
  }
  const methods = ownField(body, 'token_endpoint_auth_methods_supported')
  return {
    ready: true,
    tokenEndpoint: endpoint('token_endpoint'),
    revocationEndpoint: endpoint('revocation_endpoint'),
    authenticationMethods: Array.isArray(methods)
      ? methods.filter((m) => typeof m === 'string')
      : [],
  }
}

export function misconfigured(origin: URL | undefined, hint: string, status?: number): Unprepared {
  return {
    ready: false,
    code: 'misconfigured',
    hint,
    ...(origin !== undefined && { origin: origin.origin }),
    ...(status !== undefined && { status }),
  }
}
