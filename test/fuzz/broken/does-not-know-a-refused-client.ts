import { type Broken, providerThat } from './broken.ts'

export const doesNotKnowARefusedClient: Broken = {
  name: "does not know its server's word for a client that is refused",
  breaks: 'failures',
  server: 'github',
  provider: providerThat({ oldAccessToken: 'dies', failures: { bad_refresh_token: 'rejected' } }),
}
