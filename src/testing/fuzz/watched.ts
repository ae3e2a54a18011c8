import { systemClock } from '../../core/clock.ts'
import type { AuthenticateClient, Client, Provider } from '../../core/provider.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'
import type { Outside } from './outside.ts'

/** A provider of which the functions that may wait, and keys that sign, are known to be outside. */
export function watched(provider: Provider, client: Client, outside: Outside): Provider {
  const { response } = provider
  const method = authenticationMethod(provider, client, [])
  const own = typeof method === 'function' ? method : signing(method, client)
  return {
    ...provider,
    ...(own && { clientAuthentication: outside.during('clientAuthentication', own) }),
    response: {
      ...response,
      ...(response.validate && { validate: outside.during('validate', response.validate) }),
    },
  }
}

/** Keys sign in a thread of their own. */
function signing(method: string, client: Client): AuthenticateClient | undefined {
  if (method !== 'private_key_jwt' || client.privateKey === undefined) return undefined
  return async ({ headers, parameters }, { endpoint, issuer }) => {
    const signed = await authenticate(method, client, { endpoint, issuer, clock: systemClock })
    for (const [name, value] of signed.parameters) parameters.set(name, value)
    for (const [name, value] of signed.headers) headers.set(name, value)
  }
}
