import { type Broken, providerThat } from './broken.ts'

export const claimsAWindow: Broken = {
  name: 'claims a window it does not have',
  breaks: 'replay',
  server: 'oidc-provider',
  provider: providerThat({ replay: { withinMs: 60_000 } }),
}
