import { type Broken, providerThat } from './broken.ts'

export const claimsNever: Broken = {
  name: "claims rotation 'never' where it rotates",
  breaks: 'rotation',
  server: 'oidc-provider',
  provider: providerThat({ rotation: 'never' }),
}
