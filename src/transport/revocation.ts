import { allowInsecureRequests, customFetch, revocationRequest } from 'oauth4webapi'
import type { Trouble } from '../core/errors.ts'
import type { Revocation } from '../core/provider.ts'
import { isRecord, ownField } from '../core/text.ts'
import { captureRequest, retryAfterMs, send } from './send.ts'
import type { HttpReply, Sender } from './send.ts'
import { applyClientAuthentication, encodeRequest } from './token-request.ts'
import type { EndpointAccess } from './token-request.ts'

/** How a revocation ended. Without `revoked: true` the token counts as alive. */
export type Revoked = { readonly revoked: true } | ({ readonly revoked: false } & Trouble)

/** How one attempt ended. `retry`: another one may succeed. */
export interface RevocationAttempt {
  readonly result: Revoked
  readonly retry: boolean
  /** Milliseconds that the AS asks to wait (RFC 7009 §2.2.1). */
  readonly retryAfterMs?: number | undefined
}

/**
 * Sends one token to the revocation endpoint, once. The request is a form by POST, whatever the
 * provider's token endpoint takes.
 *
 * @returns Never rejects.
 * @see https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1
 */
export async function attemptRevocation(
  { token, hint }: Revocation,
  { provider, client, sender, endpoint, authentication, timeoutMs }: EndpointAccess,
): Promise<RevocationAttempt> {
  const { origin } = endpoint
  try {
    const built = await captureRequest<URLSearchParams>((fetch) =>
      revocationRequest(
        { issuer: provider.issuer ?? endpoint.href, revocation_endpoint: endpoint.href },
        { client_id: client.id },
        (_as, _client, parameters, headers) =>
          applyClientAuthentication({ headers, parameters }, provider, authentication),
        token.expose(),
        {
          additionalParameters: { token_type_hint: hint },
          [allowInsecureRequests]: endpoint.protocol === 'http:',
          [customFetch]: fetch,
        },
      ),
    )
    const asForm = { request: { ...provider.request, method: 'POST', format: 'form' } } as const
    return read(await send(encodeRequest(built, asForm), sender, timeoutMs), origin, sender)
  } catch {
    // `send` never rejects: the request could not be built.
    return { result: { revoked: false, code: 'internal', origin }, retry: false }
  }
}

/** RFC 7009 §2.2: a 200 also means that the token was dead already. */
function read(reply: HttpReply, origin: string, { clock }: Sender): RevocationAttempt {
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
