import { source } from './provider'

/** What an API says with the user's access token. */
export interface Profile {
  readonly name?: string
  /** Why there is no name. */
  readonly trouble?: 'signed out' | 'sign in again' | 'come again' | 'refused'
}

/** What a session has of it, or a cookie that is fresh. */
interface Tokens {
  readonly error?: string
  readonly accessToken?: string
}

export async function profileOf(session: Tokens | null): Promise<Profile> {
  if (!session) return { trouble: 'signed out' }
  if (session.error) return { trouble: 'sign in again' }
  // The authorization server is away for a while; the session is not over.
  if (!session.accessToken) return { trouble: 'come again' }
  const headers = { authorization: `Bearer ${session.accessToken}` }
  const response = await fetch(source.profile, { headers, cache: 'no-store' })
  if (!response.ok) return { trouble: 'refused' }
  const { sub, id, name } = (await response.json()) as Record<string, unknown>
  return { name: String(name ?? sub ?? id) }
}
