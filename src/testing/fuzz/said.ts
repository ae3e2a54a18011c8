import type { Received } from '../authorization-server/server.ts'
import type { Story } from './story.ts'

/** What a server said of a token, in plain words. */
export function saidOf(story: Story, token: string, { decision, reply }: Received): string {
  const name = story.nameOf(token)
  if (decision.kind === 'dead') {
    return `answers ${reply.status}: ${name} is ${decision.reused ? 'spent' : 'dead'}`
  }
  if (decision.kind === 'refused') {
    const kept = decision.consumed ? `, and ${name} is spent` : `, and leaves ${name} alone`
    return `answers ${reply.status} to an audience it does not know${kept}`
  }
  const { accessToken, refreshToken, consumed } = decision
  const granted = `answers ${reply.status} with ${story.nameOf(accessToken)}`
  if (!consumed) return `${granted}, and keeps ${name}${refreshToken ? ', which it repeats' : ''}`
  const brings = refreshToken === undefined ? 'no successor' : story.nameOf(refreshToken)
  return `${granted} and ${brings}: ${name} is spent`
}
