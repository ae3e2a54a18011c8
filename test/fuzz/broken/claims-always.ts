import { type Broken, providerThat } from './broken.ts'

export const claimsAlways: Broken = {
  name: "claims rotation 'always' where the token is kept",
  breaks: 'rotation',
  server: 'google',
  provider: providerThat({ rotation: 'always' }),
}
