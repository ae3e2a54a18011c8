import { type Broken, providerThat } from './broken.ts'

export const followsRedirects: Broken = {
  name: 'follows redirects with the token',
  breaks: 'S4',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => async (url, init) => {
    const response = await fetch(url, init)
    const location = response.headers.get('location')
    return location === null ? response : fetch(location, init)
  },
}
