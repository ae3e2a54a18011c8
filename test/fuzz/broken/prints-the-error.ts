import { type Broken, membersOf, providerThat } from './broken.ts'

export const printsTheError: Broken = {
  name: 'prints what the server says',
  breaks: 'S1',
  server: 'oidc-provider',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        const members = membersOf(body)
        const { error_description: why } = members
        if (typeof why === 'string') process.stderr.write(`the server says: ${why}\n`)
        return members
      },
    },
  }),
}
