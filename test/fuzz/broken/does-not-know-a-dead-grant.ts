import { type Broken, providerThat } from './broken.ts'

export const doesNotKnowADeadGrant: Broken = {
  name: "does not know its server's word for a dead grant",
  breaks: 'failures',
  server: 'slack',
  provider: providerThat({ failures: { bad_client_secret: 'refused_before' } }),
}
