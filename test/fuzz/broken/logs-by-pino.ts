import { pino } from 'pino'
import { type Broken, membersOf, providerThat } from './broken.ts'

const log = pino(pino.destination({ dest: '/dev/null', sync: true }))

export const logsByPino: Broken = {
  name: 'logs the body by pino',
  breaks: 'S1',
  server: 'oidc-provider',
  provider: providerThat({
    response: {
      read: ({ body }) => {
        log.info({ body }, 'the server answered')
        return membersOf(body)
      },
    },
  }),
}
