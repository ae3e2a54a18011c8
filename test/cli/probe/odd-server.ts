import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { serving } from '../doctor/stage.ts'
import { call, type SkippingClock, skippingClock } from './stage.ts'
import type { Report } from '../../../src/cli/probe/probe.ts'

/** What no described server does. */
export interface Oddity {
  /** A window that begins anew whenever the token is taken, milliseconds. */
  readonly slidesMs?: number
  /** A spent token brings the answer that spent it, for so long. */
  readonly repeatsMs?: number
  /** The old tokens end when the access token of their successor is used at the API, not before. */
  readonly endsOnUse?: true
  /** A spent token is taken so often, whatever the time. */
  readonly counts?: number
  /** A replay ends all grants of the user. */
  readonly endsUser?: true
}

interface Row {
  readonly user: string
  readonly grant: number
  /** The refresh token that it was issued for, and the access token that came with that. */
  readonly parent?: string
  readonly access: string
  isRevoked: boolean
  /** Since when it is spent, or was taken again. */
  spentAt?: number
  takenAgain?: number
  answer?: object
}

interface Odd {
  readonly clock?: SkippingClock
  readonly args?: readonly string[]
}

/** Probes a server that is odd, with one grant for each of these users. */
export async function probedOdd(
  oddity: Oddity,
  users: readonly string[],
  { clock = skippingClock(), args = [] }: Odd = {},
): Promise<Report> {
  const rows = new Map<string, Row>()
  const deadAccess = new Set<string>()
  let count = 0

  function issue(user: string, grant: number, parent?: string): [string, Row] {
    count += 1
    const row: Row = {
      user,
      grant,
      access: `access-${count}`,
      isRevoked: false,
      ...(parent !== undefined && { parent }),
    }
    rows.set(`refresh-${count}`, row)
    return [`refresh-${count}`, row]
  }

  function end(row: Row): void {
    row.isRevoked = true
    deadAccess.add(row.access)
  }

  function use(access: string): boolean {
    const user = [...rows.values()].find((row) => row.access === access)
    if (user === undefined || deadAccess.has(access)) return false
    const parent = rows.get(user.parent ?? '')
    if (oddity.endsOnUse && parent !== undefined) end(parent)
    return true
  }

  function isTakenAgain(row: Row): boolean {
    if (oddity.endsOnUse) return true
    row.takenAgain = (row.takenAgain ?? 0) + 1
    if (oddity.counts !== undefined) return row.takenAgain <= oddity.counts
    const sinceMs = clock.now() - row.spentAt!
    return sinceMs < (oddity.slidesMs ?? oddity.repeatsMs ?? 0)
  }

  function replayed(row: Row): undefined {
    for (const other of rows.values()) {
      const isHit = oddity.endsUser ? other.user === row.user : other.grant === row.grant
      if (isHit) end(other)
    }
  }

  /** The body of a grant; `undefined`: the token is dead. */
  function refresh(token: string): object | undefined {
    const row = rows.get(token)
    if (row === undefined || row.isRevoked) return undefined
    if (row.spentAt !== undefined) {
      if (!isTakenAgain(row)) return replayed(row)
      if (oddity.repeatsMs !== undefined) return row.answer
    }
    row.spentAt = clock.now()
    const [successor, { access }] = issue(row.user, row.grant, token)
    row.answer = { access_token: access, refresh_token: successor, expires_in: 3_600 }
    return row.answer
  }

  const handle: RequestListener = (request, response) => void answering(request, response)
  async function answering(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bearer = request.headers.authorization?.slice('Bearer '.length)
    if (request.url === '/api') return void response.writeHead(use(bearer ?? '') ? 200 : 401).end()
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const form = new URLSearchParams(body)
    const isKnown = form.get('client_id') === 'app'
    const granted = isKnown ? refresh(form.get('refresh_token') ?? '') : undefined
    const error = isKnown ? 'invalid_grant' : 'invalid_client'
    response.writeHead(granted ? 200 : 400, { 'content-type': 'application/json' })
    response.end(JSON.stringify(granted ?? { error }))
  }
  const origin = await serving(handle)
  const tokens = users.map((user, grant) => issue(user, grant)[0])
  const { out, error } = await call(
    ['--token-endpoint', `${origin}/token`, '--client', 'app', '--tokens-env', 'TOKENS'].concat([
      '--api',
      `${origin}/api`,
      '--yes',
      '--json',
      ...args,
    ]),
    { clock, env: { TOKENS: tokens.join('\n') } },
  )
  if (out === '') throw new Error(error)
  return JSON.parse(out) as Report
}
