import { presets } from '../../../src/testing/presets.ts'
import { type Broken, providerThat } from './broken.ts'

export const takesAnOmittedTokenForKept: Broken = {
  name: 'treats an omitted token as kept',
  breaks: 'rotation',
  server: { ...presets['oidc-provider'], name: 'omits', successor: 'omitted' },
  provider: providerThat({ rotation: 'sometimes' }),
}
