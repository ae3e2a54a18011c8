import { type Broken, membersOf, providerThat } from './broken.ts'

export const overwritesWithUndefined: Broken = {
  name: 'overwrites with undefined',
  breaks: 'success',
  server: 'spotify',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        const members = membersOf(body)
        return { ...members, refresh_token: String(members['refresh_token']) }
      },
    },
  }),
}
