import { toBase64url } from '../core/base64url.ts'
import { systemRandom } from '../core/random.ts'

const identities = new WeakMap<object, string>()

/**
 * A name for the connection that a caller passed in, the same for each store made with it: stores
 * on different connections may hold different rows.
 */
export function identityOf(connection: object): string {
  const identity = identities.get(connection) ?? toBase64url(systemRandom.bytes(9))
  identities.set(connection, identity)
  return identity
}
