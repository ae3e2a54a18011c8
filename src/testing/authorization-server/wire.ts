import { decodeCookie } from '../../../providers/credentials/set-cookie.ts'
import type { Behaviour, ErrorAnswer, Wire } from './description.ts'
import type { MemberPath } from '../../../providers/credentials/response.ts'
import type { Decision } from './present.ts'

/** A request as it arrives. */
export interface Arriving {
  readonly method?: string
  /** Only its query counts: an origin is not needed. */
  readonly url: string
  /** Finds a header by its lower-case name. */
  readonly headers: (name: string) => string | undefined
  readonly body: string
}

/** The parts of a request that the server reads. */
export interface Read {
  /** `undefined`: it holds none where the server looks for it. */
  readonly refreshToken: string | undefined
  /** Whether it asks for an audience that the server does not know. */
  readonly asksForUnknown: boolean
}

/**
 * Reads a refresh request: the token at its one place, the audience at any place.
 *
 * @param knows Whether the server knows an audience. Default: it knows none.
 */
export function readRequest(
  request: Arriving,
  { carry, audience }: Wire,
  knows: (audience: string) => boolean = () => false,
): Read {
  const form = new URLSearchParams(request.body)
  const query = new URL(request.url, 'http://localhost').searchParams
  const json = jsonOf(request.body)
  const asked = audience.some((name) => {
    const given: unknown[] = [...form.getAll(name), ...query.getAll(name)]
    if (name in json) given.push(json[name])
    return given.some((each) => typeof each !== 'string' || !knows(each))
  })
  return {
    refreshToken: tokenIn(carry, { form, query, json, headers: request.headers }) || undefined,
    asksForUnknown: asked,
  }
}

/** The token that a revocation request is about (RFC 7009 §2.1), always a form. */
export function readRevocation({ body }: Arriving): string | undefined {
  return new URLSearchParams(body).get('token') ?? undefined
}

interface Places {
  readonly form: URLSearchParams
  readonly query: URLSearchParams
  readonly json: Readonly<Record<string, unknown>>
  readonly headers: Arriving['headers']
}

function tokenIn(carry: Wire['carry'], { form, query, json, headers }: Places): string {
  if ('form' in carry) return form.get(carry.form) ?? ''
  if ('query' in carry) return query.get(carry.query) ?? ''
  if ('cookie' in carry) return cookieOf(headers('cookie') ?? '', carry.cookie)
  if ('bearer' in carry) return /^bearer (.+)$/i.exec(headers('authorization') ?? '')?.[1] ?? ''
  const member = json[carry.json]
  return typeof member === 'string' ? member : ''
}

function cookieOf(header: string, name: string): string {
  const pair = header.split(/; */).find((each) => each.startsWith(`${name}=`))
  return pair === undefined ? '' : decodeCookie(pair.slice(name.length + 1))
}

function jsonOf(body: string): Readonly<Record<string, unknown>> {
  if (!body.startsWith('{')) return {}
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}

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

/** Collects members of a body, and cookies, at the places that the wire names. */
function writing() {
  const body: Record<string, unknown> = {}
  const cookies: (readonly [string, string])[] = []
  return {
    put(place: MemberPath | undefined, value: string | number): void {
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
