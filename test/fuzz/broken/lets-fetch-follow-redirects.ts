import { type Broken, providerThat } from './broken.ts'

export const letsFetchFollowRedirects: Broken = {
  name: 'lets fetch follow redirects',
  breaks: 'S4',
  server: 'oidc-provider',
  provider: providerThat({}),
  fetch: (fetch) => (url, init) => fetch(url, { ...init, redirect: 'follow' }),
}
