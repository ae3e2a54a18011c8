import { presets } from '../../../src/testing/presets.ts'
import { type Broken, membersOf, providerThat } from './broken.ts'

/** A clock for a provider that has one of its own; `'3600'` is written behind it. */
const NOW_S = 1_800_000_000

export const trustsExpiresInAsANumber: Broken = {
  name: 'trusts expires_in as a number',
  breaks: 'expiry',
  server: { ...presets.rfc6749, wire: { expiresIn: 'string' } },
  provider: providerThat({
    response: {
      read: ({ body }) => {
        const { expires_in, ...members } = membersOf(body)
        return { ...members, expires_at: NOW_S + (expires_in as number) }
      },
    },
  }),
}
