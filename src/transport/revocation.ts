import { allowInsecureRequests, customFetch, revocationRequest } from 'oauth4webapi'
import type { Trouble } from '../core/errors.ts'
import { isRecord, ownField } from '../core/text.ts'
import type { Client, OutgoingRequest, Provider, Revocation } from '../core/provider.ts'
import { applyClientAuthentication, encodeRequest } from './token-request.ts'
import { UNREAD, retryAfterMs, send } from './send.ts'
import type { Reply, Sender } from './send.ts'

/** How a revocation ended. `later`: the token lives (RFC 7009 §2.2.1: after a 503, assume it). */
export type Revoked = { readonly revoked: true } | ({ readonly revoked: false } & Trouble)

/** How one attempt ended; `retry`: it may be made again (RFC 7009 §2.2: 200 for a dead token). */
export interface Attempt {
  readonly result: Revoked
  readonly retry: boolean
  readonly retryAfterMs?: number | undefined
}

interface Exchange {
  readonly provider: Provider
  readonly client: Client
  readonly sender: Sender
  readonly endpoint: URL
  readonly authentication: OutgoingRequest
  readonly timeoutMs: number
}

/**
 * Sends one token to the revocation endpoint, once. A form by POST, whatever the provider's token
 * endpoint takes.
 *
 * @returns Never rejects.
 * @see https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1
 */
export async function attemptRevocation(
  { token, hint }: Revocation,
  { provider, client, sender, endpoint, authentication, timeoutMs }: Exchange,
): Promise<Attempt> {
  let reply: Reply | undefined
  try {
    await revocationRequest(
      { issuer: provider.issuer ?? endpoint.href, revocation_endpoint: endpoint.href },
      { client_id: client.id },
      (_as, _client, parameters, headers) =>
        applyClientAuthentication({ headers, parameters }, provider, authentication),
      token.expose(),
      {
        additionalParameters: { token_type_hint: hint },
        [allowInsecureRequests]: endpoint.protocol === 'http:',
        [customFetch]: async (url, { headers, body }) => {
          const request = encodeRequest(url, headers, body, asForm(provider))
          reply = await send(request, sender, timeoutMs)
          return UNREAD
        },
      },
    )
  } catch {
    // `send` never rejects: what throws is the making of the request.
  }
  return read(reply, endpoint.origin, sender)
}

function read(reply: Reply | undefined, origin: string, { clock }: Sender): Attempt {
  if (reply === undefined) {
    return { result: { revoked: false, code: 'internal', origin }, retry: false }
  }
  if (!reply.answered) {
    const code = reply.unsent ? 'unreachable' : 'unknown'
    return { result: { revoked: false, code, origin }, retry: true }
  }
  const { status, headers, body } = reply.answer
  if (status >= 200 && status < 300) return { result: { revoked: true }, retry: false }
  // RFC 7009 §2.2.1: after a 503 "the client must assume the token still exists".
  if (status === 503 || status === 429) {
    const waitMs = retryAfterMs(headers, clock.now())
    const result = { revoked: false, code: 'rate_limited', status, origin } as const
    return { result, retry: true, retryAfterMs: waitMs }
  }
  if (status >= 500) {
    return { result: { revoked: false, code: 'unknown', status, origin }, retry: true }
  }
  // RFC 7009 §2.2.1, e.g. of an AS that revokes refresh tokens only: it will not change its mind.
  const isUnsupported = isRecord(body) && ownField(body, 'error') === 'unsupported_token_type'
  const oauthError = isUnsupported ? { oauthError: 'unsupported_token_type' } : {}
  return {
    result: { revoked: false, code: 'refused', status, origin, ...oauthError },
    retry: false,
  }
}

function asForm(provider: Provider): Provider {
  return { ...provider, request: { ...provider.request, method: 'POST', format: 'form' } }
}
