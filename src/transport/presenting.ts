import { allowInsecureRequests, customFetch, refreshTokenGrantRequest } from 'oauth4webapi'
import type { Presentation } from '../core/failure.ts'
import type { Client, OutgoingRequest, Provider } from '../core/provider.ts'
import { ending } from './ending.ts'
import { dress, extraParameters, shape } from './request.ts'
import { send, UNREAD } from './send.ts'
import type { Reply, Sender } from './send.ts'
import type { Prepared, Presented } from './transport.ts'
import { validated } from './validated.ts'

/** All that a presentation needs beside the token. */
interface Exchange {
  readonly provider: Provider
  readonly client: Client
  readonly sender: Sender
  readonly endpoint: URL
  readonly authentication: OutgoingRequest
  /** Milliseconds until the answer is given up as `unknown`. */
  readonly timeoutMs: number
}

/** A right to send one refresh token to one endpoint, once. */
export function prepared(exchange: Exchange): Prepared {
  let isUsed = false
  return {
    ready: true,
    async present(presented) {
      const { origin } = exchange.endpoint
      // A second call is a bug; the first one may have spent the token.
      if (isUsed) return { outcome: 'unknown', code: 'internal', origin }
      isUsed = true
      return present(exchange, presented)
    },
  }
}

/**
 * Presents a refresh token at the token endpoint, once.
 *
 * Never retried here: after this call the token may be spent (RFC 9700 §4.14.2).
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-6
 */
async function present(exchange: Exchange, presented: Presented): Promise<Presentation> {
  const { provider, client, sender, endpoint, authentication, timeoutMs } = exchange
  const { origin } = endpoint
  const { clock } = sender
  const endsAt = clock.monotonic() + timeoutMs
  let reply: Reply | undefined
  try {
    await refreshTokenGrantRequest(
      { issuer: provider.issuer ?? endpoint.href, token_endpoint: endpoint.href },
      { client_id: client.id },
      (_as, _client, parameters, headers) => {
        for (const [name, value] of Object.entries(provider.request.parameters)) {
          parameters.set(name, value)
        }
        dress({ headers, parameters }, provider, authentication)
      },
      presented.refreshToken.expose(),
      {
        additionalParameters: extraParameters(provider, presented),
        [allowInsecureRequests]: endpoint.protocol === 'http:',
        [customFetch]: async (url, { headers, body }) => {
          const request = shape(url, headers, body, provider)
          reply = await send(request, sender, timeoutMs)
          return UNREAD
        },
      },
    )
  } catch {
    // `send` never rejects: what throws is the making of the request.
  }
  if (reply === undefined) return { outcome: 'refused', consumed: false, code: 'internal', origin }
  const read = await validated(reply, provider, clock, endsAt - clock.monotonic())
  return ending(read, { provider, presented, origin, nowMs: clock.now() })
}
