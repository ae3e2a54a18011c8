import { type Broken, providerThat } from './broken.ts'

export const keepsTheOldAccessToken: Broken = {
  name: 'keeps the old access token though it dies',
  breaks: 'old_access_token',
  server: 'hydra',
  provider: providerThat({ oldAccessToken: 'lives' }),
}
