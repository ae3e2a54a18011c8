import { type Broken, membersOf, providerThat } from './broken.ts'

export const readsOtherNames: Broken = {
  name: 'looks for the tokens under other names',
  breaks: 'success',
  server: 'oidc-provider',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        const { accessToken, refreshToken } = membersOf(body)
        return { access_token: accessToken, refresh_token: refreshToken }
      },
    },
  }),
}
