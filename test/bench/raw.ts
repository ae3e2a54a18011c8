import {
  allowInsecureRequests,
  None,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
} from 'oauth4webapi'
import type { TokenEndpointResponse } from 'oauth4webapi'

/** The peer: oauth4webapi and `fetch`, and nothing that keeps two from presenting one token. */
export function rawRefresh(
  origin: string,
  { closing }: { closing: boolean },
): (refreshToken: string) => Promise<TokenEndpointResponse> {
  const as = { issuer: origin, token_endpoint: `${origin}/token` }
  const client = { client_id: 'bench' }
  const options = {
    [allowInsecureRequests]: true,
    ...(closing && { headers: { connection: 'close' } }),
  }
  return async (refreshToken) => {
    const response = await refreshTokenGrantRequest(as, client, None(), refreshToken, options)
    return processRefreshTokenResponse(as, client, response)
  }
}
