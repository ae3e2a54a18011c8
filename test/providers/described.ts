import { credentials } from '../../providers/credentials.ts'
import type { CredentialsDescription } from '../../providers/credentials.ts'
import { Secret } from '../../src/core/secret.ts'
import { loopback, say } from '../transport/loopback.ts'
import type { Seen } from '../transport/loopback.ts'
import { presentTo, shown } from '../transport/setup.ts'

/** The first shape of the tutorials: JSON by POST. */
export const JSON_POST: CredentialsDescription = {
  url: 'https://api.example.com/refresh',
  carry: { json: 'userRefreshToken' },
  answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
}

/** The second: a cookie by GET. */
export const COOKIE_GET: CredentialsDescription = {
  url: 'https://api.example.com/refresh',
  method: 'GET',
  carry: { cookie: 'refresh' },
  answer: { accessToken: 'token' },
}

/** What a description makes of an answer, and what the backend saw. */
export async function refreshed(
  description: Partial<CredentialsDescription>,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ ended: unknown; seen: Seen }> {
  const server = await loopback((_request, response) => say(response, 200, body, headers))
  const url = `${server.origin}/refresh`
  const provider = credentials({ ...JSON_POST, ...description, url })
  const presented = { accessToken: new Secret('at-1') }
  const ended = shown(
    await presentTo(server.origin, { provider, client: { id: 'app' } }, presented),
  )
  return { ended, seen: server.seen[0]! }
}
