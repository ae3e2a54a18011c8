import type { ProviderDescription } from '../../core/provider.ts'
import type { Failure } from '../../core/failure.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { OF_THE_RFC } from '../../transport/token-response.ts'
import type { Result } from './measure.ts'
import { wireOf } from './wire.ts'

/** The server, as it was measured; what its file says already and was not measured stays. */
export function serverOf(
  { found, recorded }: Result,
  name: string,
  known: ServerDescription | undefined,
): ServerDescription {
  const values = found.flatMap(({ axis, value }) => (value === undefined ? [] : [[axis, value]]))
  const wire = wireOf(recorded, known?.wire)
  return { ...known, name, ...Object.fromEntries(values), wire }
}

/**
 * What a provider must say of such a server, by what was measured alone. A token that was kept each
 * time is not called one that never rotates: some servers replace it late in its life.
 */
export function providerOf(
  origin: ProviderDescription,
  { rotation, oldAccessToken, validates, wire }: ServerDescription,
  today: string,
): ProviderDescription {
  const failures = failuresOf({ validates, wire })
  return {
    ...origin,
    ...(rotation !== undefined && { rotation: rotation === 'never' ? 'sometimes' : rotation }),
    ...(oldAccessToken === 'dies' && { oldAccessToken }),
    ...(Object.keys(failures).length > 0 && { failures }),
    verifiedAt: today,
  }
}

/** Those errors that do not mean what RFC 6749 §5.2 says, or come earlier than is safe to think. */
function failuresOf({
  validates,
  wire: { dead, client, target } = {},
}: Pick<ServerDescription, 'validates' | 'wire'>): Readonly<Record<string, Failure>> {
  const failures: Record<string, Failure> = {}
  if (dead?.error !== undefined && (dead.error !== 'invalid_grant' || dead.status >= 500)) {
    failures[dead.error] = 'rejected'
  }
  // Without a code it would count as the client's fault, for which nobody is asked to sign in.
  if (dead?.error === undefined && dead?.status === 401) failures['401'] = 'rejected'
  // A code of its own, for a client that it does not know: it has not looked at the token.
  if (client?.error !== undefined && !OF_THE_RFC.has(client.error) && client.status < 500) {
    const isDistinct = client.error !== dead?.error && client.error !== target?.error
    if (isDistinct) failures[client.error] = 'refused_before'
  }
  if (validates === 'before_consuming' && target?.error !== undefined) {
    const isDistinct = target.error !== dead?.error && target.status < 500
    if (isDistinct) failures[target.error] = 'refused_before'
  }
  return failures
}
