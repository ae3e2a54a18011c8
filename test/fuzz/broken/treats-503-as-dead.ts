import { type Broken, providerThat } from './broken.ts'

export const treats503AsDead: Broken = {
  name: 'treats 503 as dead',
  breaks: 'failures',
  server: 'oidc-provider',
  provider: providerThat({ failures: { 503: 'rejected' } }),
}
