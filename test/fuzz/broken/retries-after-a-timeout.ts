import { type Broken, providerThat } from './broken.ts'

export const retriesAfterATimeout: Broken = {
  name: 'retries after a timeout',
  breaks: 'P2',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => async (url, init) => {
    try {
      return await fetch(url, init)
    } catch {
      return fetch(url, init)
    }
  },
}
