import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import type { Clock } from '../core/clock.ts'
import type { Client, ClientAuthentication, OutgoingRequest, Provider } from '../core/provider.ts'

/** Lifetime of a client assertion, seconds: longer than any claim's deadline. */
const ASSERTION_LIFETIME_S = 60

/**
 * How the client authenticates: as the provider says, else by what the client has; between the two
 * ways to send a secret, the one that the metadata names first (RFC 8414 §2), else Basic.
 */
export function authenticationMethod(
  { clientAuthentication }: Provider,
  client: Client,
  supported: readonly string[],
): ClientAuthentication {
  if (clientAuthentication !== undefined) return clientAuthentication
  if (client.privateKey !== undefined) return 'private_key_jwt'
  if (client.secret === undefined) return 'none'
  const first = supported.find((m) => m === 'client_secret_post' || m === 'client_secret_basic')
  return first === 'client_secret_post' ? first : 'client_secret_basic'
}

/**
 * Makes the client authentication of one request, in advance.
 *
 * @returns The headers and parameters that it adds.
 * @throws The error of a function of the user's, or of a key that cannot sign.
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3
 */
export async function authenticate(
  method: ClientAuthentication,
  client: Client,
  context: { endpoint: string; issuer: string | undefined; clock: Clock },
): Promise<OutgoingRequest> {
  const { endpoint, issuer, clock } = context
  const request = { headers: new Headers(), parameters: new URLSearchParams() }
  const { headers, parameters } = request
  if (typeof method === 'function') {
    await method(request, { client, endpoint, issuer })
  } else if (method === 'client_secret_basic') {
    headers.set('authorization', `Basic ${btoa(`${form(client.id)}:${form(client.secret ?? '')}`)}`)
  } else if (method === 'private_key_jwt') {
    const assert = PrivateKeyJwt(client.privateKey as Parameters<typeof PrivateKeyJwt>[0], {
      [modifyAssertion]: (_header, payload) => {
        const iat = Math.floor(clock.now() / 1000)
        Object.assign(payload, { iat, nbf: iat, exp: iat + ASSERTION_LIFETIME_S })
      },
    })
    // RFC 7523 §3: the audience is the AS; where no issuer is known, its token endpoint.
    await assert({ issuer: issuer ?? endpoint }, { client_id: client.id }, parameters, headers)
  } else {
    parameters.set('client_id', client.id)
    if (method === 'client_secret_post') parameters.set('client_secret', client.secret ?? '')
  }
  return request
}

/**
 * RFC 6749 §2.3.1, Appendix B. As a browser's form would, so `-`, `.` and `_` stay: oauth4webapi
 * escapes them, which servers that forget to decode take for part of the name.
 */
function form(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2)
}
