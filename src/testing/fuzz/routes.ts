import type { Provider } from '../../core/provider.ts'

/** What lies at an address, as the provider describes its server. */
export type Route = 'token' | 'revocation' | 'metadata' | 'elsewhere'

/** Tells addresses apart by origin and path; a query is for the server to read. */
export function routeOf(provider: Provider): (url: string) => Route {
  const { issuer, tokenEndpoint, revocationEndpoint } = provider
  const discovered = (path: string): string | undefined => issuer && `${issuer}${path}`
  const token = placeOf(tokenEndpoint ?? discovered('/token'))
  const revocation = placeOf(
    revocationEndpoint === undefined ? discovered('/revoke') : revocationEndpoint,
  )
  const metadata = issuer === undefined ? undefined : new URL(issuer).origin
  return (url) => {
    const place = placeOf(url)!
    if (place === token) return 'token'
    if (place === revocation) return 'revocation'
    const isMetadata = metadata === new URL(url).origin && place.includes('/.well-known/')
    return isMetadata ? 'metadata' : 'elsewhere'
  }
}

function placeOf(url: string | null | undefined): string | undefined {
  if (url === null || url === undefined) return undefined
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
