import type { Place } from '../../../providers/credentials/response.ts'
import type { Behaviour, ErrorAnswer, Wire } from './description.ts'
import type { Decision } from './present.ts'

/** An answer on the wire. */
export interface Reply {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** A decision as a server of this behaviour writes it. */
export function replyTo(decision: Decision, behaviour: Behaviour): Reply {
  const { wire } = behaviour
  if (decision.kind === 'dead') return errorReply(wire.dead, wire)
  if (decision.kind === 'refused') return errorReply(wire.target, wire)
  const { answer, tokenType, expiresIn, members } = wire
  const seconds = behaviour.accessTokenMs / 1000
  const written = writing()
  written.put(answer.accessToken, decision.accessToken)
  if (decision.refreshToken !== undefined) written.put(answer.refreshToken, decision.refreshToken)
  if (expiresIn !== 'absent') {
    written.put(answer.expiresIn, expiresIn === 'string' ? String(seconds) : seconds)
  }
  if (tokenType !== 'absent') written.put('token_type', tokenType)
  return written.reply(200, wire, members)
}

/** An error as a server of this wire writes it; an empty body where it has nothing to say. */
export function errorReply({ status, error, members, headers = {} }: ErrorAnswer, wire: Wire) {
  const written = writing()
  if (error !== undefined) written.put(wire.answer.error ?? 'error', error)
  const reply = written.reply(status, wire, members ?? {})
  const isEmpty = error === undefined && members === undefined
  const added = Object.entries(headers)
  return isEmpty
    ? { status, headers: added, body: '' }
    : { ...reply, headers: [...reply.headers, ...added] }
}

/** A sheet to write members on, at whatever place. */
function writing() {
  const body: Record<string, unknown> = {}
  const cookies: (readonly [string, string])[] = []
  return {
    put(place: Place | undefined, value: string | number): void {
      if (place === undefined) return
      if (typeof place === 'object') {
        cookies.push(['set-cookie', `${place.cookie}=${value}; Path=/; HttpOnly`])
        return
      }
      const path = place.split('.')
      const last = path.pop()!
      let at = body
      for (const name of path) at = (at[name] ??= {}) as Record<string, unknown>
      at[last] = value
    },
    reply(status: number, { format }: Wire, members: object): Reply {
      const whole = { ...members, ...body }
      const isForm = format === 'form'
      const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
      return {
        status,
        headers: [['content-type', type], ['cache-control', 'no-store'], ...cookies],
        body: isForm
          ? new URLSearchParams(whole as Record<string, string>).toString()
          : JSON.stringify(whole),
      }
    },
  }
}
