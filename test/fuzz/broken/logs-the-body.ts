import { type Broken, membersOf, providerThat } from './broken.ts'

export const logsTheBody: Broken = {
  name: 'logs the body',
  breaks: 'S1',
  server: 'oidc-provider',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        console.log('the server answered', body)
        return membersOf(body)
      },
    },
  }),
}
