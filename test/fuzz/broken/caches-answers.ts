import { type Broken, providerThat } from './broken.ts'

export const cachesAnswers: Broken = {
  name: 'answers from a cache',
  breaks: 'expiry',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => {
    let cached: Response | undefined
    return async (url, init) => {
      if (cached !== undefined) return cached.clone()
      const response = await fetch(url, init)
      if (response.ok) cached = response.clone()
      return response
    }
  },
}
