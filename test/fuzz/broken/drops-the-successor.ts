import { type Broken, membersOf, providerThat } from './broken.ts'

export const dropsTheSuccessor: Broken = {
  name: 'drops the successor',
  breaks: 'success',
  server: 'oidc-provider',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        const { access_token, expires_in, error } = membersOf(body)
        return { access_token, expires_in, error }
      },
    },
  }),
}
