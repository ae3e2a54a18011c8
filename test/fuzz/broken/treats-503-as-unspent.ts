import { type Broken, providerThat } from './broken.ts'

export const treats503AsUnspent: Broken = {
  name: 'treats 503 as never processed',
  breaks: 'failures',
  server: 'oidc-provider',
  provider: providerThat({ failures: { 503: 'deferred' } }),
}
