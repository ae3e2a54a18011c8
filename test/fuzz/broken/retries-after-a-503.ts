import { type Broken, providerThat } from './broken.ts'

export const retriesAfterA503: Broken = {
  name: 'retries after a 503',
  breaks: 'P2',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => async (url, init) => {
    const response = await fetch(url, init)
    return response.status === 503 ? fetch(url, init) : response
  },
}
