import type { Answer, Place } from '../../../providers/credentials/response.ts'
import { isRecord } from '../../core/text.ts'
import { jwtClaims } from '../../core/jwt.ts'
import type { ErrorAnswer, ServerDescription, Wire } from '../../testing/authorization-server.ts'
import type { Exchange } from './exchange.ts'
import type { Recorded } from './measured.ts'
import { sanitised } from './sanitise.ts'

type Known = ServerDescription['wire']

/** Members of RFC 6749 §5.1 and OIDC that a described server writes by itself, or never. */
const STANDARD = ['access_token', 'refresh_token', 'expires_in', 'token_type', 'scope', 'id_token']

/** Said for people, in other words each time, or of one resource owner. */
const PROSE = ['error_description', 'error_uri', 'trace_id', 'correlation_id', 'timestamp']

/** How a server writes, by the answers that were seen. `known` is what its file says already. */
export function wireOf(recorded: Recorded, known: Known): Known {
  const granted = recorded['granted-replaced'] ?? recorded['granted-kept']
  const dead = recorded['rejected-spent'] ?? recorded['rejected-unknown']
  const { 'refused-resource': target, 'refused-client': client } = recorded
  const error = (exchange: Exchange | undefined): ErrorAnswer | undefined =>
    exchange && errorOf(exchange, known?.answer)
  const wire = {
    ...known,
    ...(granted && grantedOf(granted, known?.answer)),
    dead: error(dead),
    client: error(client),
    target: error(target),
  }
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined))
}

function grantedOf(
  { answer: { body, headers }, presentation }: Exchange,
  places: Answer | undefined,
): Partial<Wire> {
  if (!isRecord(body) || presentation.outcome !== 'granted') return {}
  const type = body['token_type']
  const tokenType = type === 'Bearer' || type === 'bearer' ? type : undefined
  const expiresIn = typeof member(body, places?.expiresIn ?? 'expires_in')
  const isForm = headers.get('content-type')?.includes('x-www-form-urlencoded') === true
  const isJwt = jwtClaims(presentation.response.access.token.expose()) !== undefined
  const members = otherThan([...STANDARD, ...Object.values(places ?? {}).map(firstOf)], body)
  return {
    ...(type === undefined ? { tokenType: 'absent' } : tokenType && { tokenType }),
    expiresIn: expiresIn === 'string' || expiresIn === 'number' ? expiresIn : 'absent',
    accessToken: isJwt ? 'jwt' : 'opaque',
    ...(isForm && { format: 'form' }),
    ...(Object.keys(members).length > 0 && { members }),
  }
}

function errorOf({ answer }: Exchange, places: Answer | undefined): ErrorAnswer {
  const { status, headers } = answer
  const body = isRecord(answer.body) ? answer.body : {}
  const place = places?.error ?? 'error'
  const found = member(body, place)
  const error = typeof found === 'string' ? sanitised(found, new Map(), 'error') : undefined
  const members = otherThan([firstOf(place), ...PROSE], body)
  const scheme = headers.get('www-authenticate')?.split(' ')[0]
  return {
    status,
    ...(typeof error === 'string' && { error }),
    ...(Object.keys(members).length > 0 && { members }),
    ...(scheme !== undefined && { headers: { 'www-authenticate': scheme } }),
  }
}

/** The other members, without what is somebody's. */
function otherThan(names: readonly string[], body: Record<string, unknown>) {
  const others = Object.entries(body).filter(([name]) => !names.includes(name))
  return sanitised(Object.fromEntries(others), new Map()) as Record<string, unknown>
}

/** The member of the body that a place is in. */
function firstOf(place: Place): string {
  return typeof place === 'string' ? place.split('.')[0]! : ''
}

function member(body: Record<string, unknown>, place: Place): unknown {
  if (typeof place !== 'string') return undefined
  return place.split('.').reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), body)
}
