import type { Trouble } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { isRecord, ownField } from '../core/text.ts'
import { retryAfterMs, send } from './send.ts'
import type { HttpReply } from './send.ts'
import { applyClientAuthentication, encodeRequest } from './token-request.ts'
import type { EndpointAccess } from './token-request.ts'

/**
 * What an AS says of a refresh token. `unknown`: nothing that counts, and the same question would
 * bring no more. `later`: nothing yet.
 */
export type Introspection =
  | { readonly says: 'active' | 'inactive'; readonly status: number; readonly origin?: string }
  | ({ readonly says: 'unknown' | 'later'; readonly retryAfterMs?: number } & Trouble)

/**
 * Asks whether a refresh token is active, once, by a form. A question presents nothing: the token
 * is as good after it as before.
 *
 * @returns Never rejects.
 * @see https://www.rfc-editor.org/rfc/rfc7662.html#section-2.1
 */
export async function askAbout(
  token: Secret,
  { provider, client, sender, endpoint, authentication, timeoutMs }: EndpointAccess,
): Promise<Introspection> {
  const { origin } = endpoint
  try {
    const body = new URLSearchParams({ token: token.expose(), token_type_hint: 'refresh_token' })
    const headers = new Headers({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    })
    applyClientAuthentication({ headers, parameters: body }, provider, authentication)
    const built = { url: endpoint.href, headers: Object.fromEntries(headers), body }
    const asForm = { request: { ...provider.request, method: 'POST', format: 'form' } } as const
    const reply = await send(encodeRequest(built, asForm), sender, timeoutMs)
    return { ...read(reply, client.id, sender.clock.now()), origin }
  } catch {
    // `send` never rejects: the request could not be built.
    return { says: 'unknown', code: 'internal', origin }
  }
}

/** The answer is as hostile as any: only JSON says something, and it must be literal. */
function read(reply: HttpReply, clientId: string, nowMs: number): Introspection {
  if (!reply.answered) return { says: 'later', code: 'unreachable' }
  const { status, headers, body } = reply.answer
  if (status === 429 || status >= 500) {
    const waitMs = retryAfterMs(headers, nowMs)
    const code = status === 429 ? 'rate_limited' : 'unreachable'
    return { says: 'later', code, status, ...(waitMs !== undefined && { retryAfterMs: waitMs }) }
  }
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  const isJson = status === 200 && type === 'application/json' && isRecord(body)
  if (!isJson) return { says: 'unknown', code: 'refused', status }
  const [active, owner = clientId] = [ownField(body, 'active'), ownField(body, 'client_id')]
  if (active === true && owner === clientId) return { says: 'active', status }
  return active === false
    ? { says: 'inactive', status }
    : { says: 'unknown', code: 'refused', status }
}
