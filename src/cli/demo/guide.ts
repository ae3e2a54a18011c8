import type { Clock } from '../../core/clock.ts'

/** The session cookie of Auth.js, as its guide fills it. */
export interface GuideToken {
  readonly access_token: string
  readonly refresh_token: string
  /** Epoch seconds. */
  readonly expires_at: number
  readonly error?: 'RefreshTokenError'
}

export interface GuideSettings {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clock: Clock
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/**
 * The `jwt` callback that people write by hand, step by step as the guide of Auth.js has it.
 *
 * @see https://authjs.dev/guides/refresh-token-rotation
 */
export async function jwtOfTheGuide(
  token: GuideToken,
  settings: GuideSettings,
): Promise<GuideToken> {
  const { tokenEndpoint, clientId, clock } = settings
  if (clock.now() < token.expires_at * 1000) return token
  try {
    const response = await settings.fetch(tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        grant_type: 'refresh_token',
        refresh_token: token.refresh_token,
      }),
    })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    const { access_token, expires_in, refresh_token } = (await response.json()) as {
      access_token: string
      expires_in: number
      refresh_token?: string
    }
    return {
      access_token,
      expires_at: Math.floor(clock.now() / 1000 + expires_in),
      refresh_token: refresh_token ?? token.refresh_token,
    }
  } catch {
    return { ...token, error: 'RefreshTokenError' }
  }
}
