import { type Broken, membersOf, providerThat } from './broken.ts'

export const takesAnErrorForASuccess: Broken = {
  name: 'takes an error inside 200 for a token set',
  breaks: 'failures',
  server: 'github',
  provider: providerThat({
    oldAccessToken: 'dies',
    response: {
      read: ({ body }) => {
        const { error, ...members } = membersOf(body)
        return { access_token: error, ...members }
      },
    },
  }),
}
