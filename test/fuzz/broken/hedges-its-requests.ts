import { type Broken, providerThat } from './broken.ts'

export const hedgesItsRequests: Broken = {
  name: 'sends twice and takes the faster answer',
  breaks: 'P1',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => (url, init) => Promise.any([fetch(url, init), fetch(url, init)]),
}
