import { type Broken, providerThat } from './broken.ts'

export const sendsJsonToAForm: Broken = {
  name: 'sends JSON where the server reads a form',
  breaks: 'request',
  server: 'oidc-provider',
  provider: providerThat({ request: { format: 'json' } }),
}
