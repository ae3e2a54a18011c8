import { type Broken, providerThat } from './broken.ts'

export const classifiesInvalidClientAsDead: Broken = {
  name: 'classifies invalid_client as dead',
  breaks: 'failures',
  server: 'oidc-provider',
  provider: providerThat({ failures: { invalid_client: 'rejected' } }),
}
