import { errorReply } from './answer.ts'
import type { Reply } from './answer.ts'
import type { Behaviour } from './description.ts'
import type { NetworkFault } from './fault.ts'

/** What somebody answers instead of the server, or the server before it looks at the token. */
export function otherAnswer(fault: NetworkFault, { wire }: Behaviour): Reply {
  switch (fault.kind) {
    case 'status': {
      const { status, retryAfterSeconds } = fault
      const wait = retryAfterSeconds === undefined ? [] : [['retry-after', `${retryAfterSeconds}`]]
      return {
        status,
        headers: [['content-type', 'text/html'], ...(wait as [string, string][])],
        body: `<h1>${status}</h1>`,
      }
    }
    case 'garbage':
      return { status: 200, headers: [['content-type', 'application/json']], body: fault.body }
    case 'redirect':
      return { status: fault.status, headers: [['location', `${fault.to}/token`]], body: '' }
    case 'client_refused':
      return errorReply(wire.client, wire)
    default:
      return { status: 500, headers: [], body: '' }
  }
}
