import type { Client, Provider } from '../../core/provider.ts'
import { MARK } from './secrets.ts'

/**
 * A client that can authenticate as the provider wants, if the user gives none.
 *
 * @throws {TypeError} Where only the user can know it.
 */
export function clientFor({ id, clientAuthentication: method }: Provider, given?: Client): Client {
  if (given !== undefined) return given
  if (method === 'private_key_jwt') {
    throw new TypeError(`${id}: private_key_jwt needs a key: pass options.client`)
  }
  const wantsSecret = typeof method === 'string' && method.startsWith('client_secret')
  return { id: 'fuzz', ...(wantsSecret && { secret: `${MARK}client-secret` }) }
}
