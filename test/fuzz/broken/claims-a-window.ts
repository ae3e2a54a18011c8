import { type Broken, providerThat } from './broken.ts'

export const claimsAWindow: Broken = {
  name: 'claims a window it does not have',
  breaks: 'reuse',
  server: 'oidc-provider',
  provider: providerThat({ reuse: { acceptedForMs: 60_000 } }),
}
