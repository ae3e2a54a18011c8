import type { Behaviour } from './description.ts'
import {
  ended,
  nameOfNext,
  withAccessToken,
  withoutAccessTokens,
  withRefreshToken,
} from './grants.ts'
import type { ServerGrants, Mint, RefreshToken } from './grants.ts'

/** A refresh token that arrives. */
export interface Arrival {
  readonly token: string
  readonly nowMs: number
  /** Whether it asks for an audience that the server does not know. */
  readonly asksForUnknown?: boolean
}

/** The server's decision about a presentation. */
export type Decision =
  | {
      readonly kind: 'granted'
      readonly accessToken: string
      /** The refresh token in the answer. */
      readonly refreshToken: string | undefined
      /** Whether the token that was presented is spent. */
      readonly consumed: boolean
      /** Access tokens that had time left and were ended by it. */
      readonly killed: readonly string[]
    }
  | {
      readonly kind: 'dead'
      /** Whether the token was known, and spent. */
      readonly reused: boolean
    }
  | { readonly kind: 'refused'; readonly consumed: boolean }

export interface Decided {
  readonly grants: ServerGrants
  readonly decision: Decision
}

/** `sometimes` takes these in turn. */
const SOMETIMES = [true, false]

/**
 * Decides about a refresh token as a server of this behaviour. Pure, except for the tokens that are
 * minted.
 */
export function present(
  grants: ServerGrants,
  behaviour: Behaviour,
  arrival: Arrival,
  mint: Mint,
): Decided {
  const known = grants.refreshTokens.get(arrival.token)
  if (known === undefined) return { grants, decision: { kind: 'dead', reused: false } }
  const held = { ...known, presentations: known.presentations + 1 }
  const seen = withRefreshToken(grants, arrival.token, held)
  const { validates } = behaviour
  if (held.state === 'revoked') return { grants: seen, decision: { kind: 'dead', reused: false } }
  if (held.state === 'spent' && !isInWindow(grants, behaviour, arrival)) {
    return { grants: afterReuse(seen, behaviour, held), decision: { kind: 'dead', reused: true } }
  }
  if (arrival.asksForUnknown === true && validates === 'before_consuming') {
    return { grants: seen, decision: { kind: 'refused', consumed: held.state === 'spent' } }
  }
  const granted = grant(seen, behaviour, arrival, held, mint)
  if (arrival.asksForUnknown !== true || granted.decision.kind !== 'granted') return granted
  const { consumed } = granted.decision
  return { grants: granted.grants, decision: { kind: 'refused', consumed } }
}

function afterReuse(
  grants: ServerGrants,
  { reuseEffect }: Behaviour,
  { grant }: RefreshToken,
): ServerGrants {
  return reuseEffect === 'error' ? grants : ended(grants, grant, reuseEffect)
}

/** Whether a spent token is taken again. */
function isInWindow(
  { refreshTokens, accessTokens }: ServerGrants,
  { reuseWindow }: Behaviour,
  { token, nowMs }: Arrival,
): boolean {
  if (typeof reuseWindow === 'object') {
    return nowMs < (refreshTokens.get(token)?.spentAtMs ?? 0) + reuseWindow.ms
  }
  if (reuseWindow !== 'until_successor_used') return reuseWindow === 'forever'
  const successors = [...refreshTokens].filter(([, { parent }]) => parent === token)
  const isUsed = ([successor, { presentations }]: (typeof successors)[number]): boolean =>
    presentations > 0 ||
    [...accessTokens.values()].some((access) => access.beside === successor && access.isUsed)
  return !successors.some(isUsed)
}

function grant(
  before: ServerGrants,
  behaviour: Behaviour,
  { token, nowMs }: Arrival,
  held: RefreshToken,
  mint: Mint,
): Decided {
  const { rotation, successor, reuseAnswer, keptAs, oldAccessToken } = behaviour
  const rotates =
    rotation === 'always' ||
    (rotation === 'sometimes' && SOMETIMES[before.granted % SOMETIMES.length]!)
  const isAgain = held.state === 'spent'
  let grants: ServerGrants = { ...before, granted: before.granted + 1 }
  let next: string | undefined
  if (isAgain && reuseAnswer === 'idempotent') {
    next = newestLive(grants, held.grant)
  } else if ((rotates || isAgain) && successor === 'sent') {
    ;[grants, next] = issued(grants, token, held, nowMs, mint)
  }
  if (rotates && !isAgain) {
    grants = withRefreshToken(grants, token, { ...held, state: 'spent', spentAtMs: nowMs })
  }
  const killed = oldAccessToken === 'dies' ? unexpired(grants, held.grant, nowMs) : []
  if (oldAccessToken === 'dies') grants = withoutAccessTokens(grants, held.grant)
  const beside = next ?? token
  const [withAccess, accessToken] = issuedAccess(grants, held.grant, beside, behaviour, nowMs, mint)
  const consumed = rotates || isAgain
  const refreshToken = consumed ? next : keptAs === 'echoed' ? token : undefined
  return {
    grants: withAccess,
    decision: { kind: 'granted', accessToken, refreshToken, consumed, killed },
  }
}

/** @returns The grants with a successor in them, and that. */
function issued(
  grants: ServerGrants,
  parent: string,
  { grant, generation }: RefreshToken,
  nowMs: number,
  mint: Mint,
): [ServerGrants, string] {
  const name = `R${nameOfNext(grants.refreshTokens, grant)}`
  const token = mint('refresh', name, nowMs)
  const successor: RefreshToken = {
    grant,
    name,
    generation: generation + 1,
    state: 'live',
    parent,
    presentations: 0,
  }
  return [withRefreshToken(grants, token, successor), token]
}

function issuedAccess(
  grants: ServerGrants,
  grant: number,
  beside: string,
  { accessTokenMs }: Behaviour,
  nowMs: number,
  mint: Mint,
): [ServerGrants, string] {
  const name = `A${nameOfNext(grants.accessTokens, grant)}`
  const expiresAtMs = nowMs + accessTokenMs
  const token = mint('access', name, expiresAtMs)
  const access = { grant, name, expiresAtMs, isRevoked: false, beside, isUsed: false }
  return [withAccessToken(grants, token, access), token]
}

function newestLive({ refreshTokens }: ServerGrants, grant: number): string | undefined {
  return [...refreshTokens].findLast(
    ([, token]) => token.grant === grant && token.state === 'live',
  )?.[0]
}

function unexpired({ accessTokens }: ServerGrants, grant: number, nowMs: number): string[] {
  return [...accessTokens]
    .filter(([, held]) => held.grant === grant && !held.isRevoked && nowMs < held.expiresAtMs)
    .map(([token]) => token)
}

/** A user signs in: the first tokens of a new grant. */
export function signIn(
  before: ServerGrants,
  behaviour: Behaviour,
  nowMs: number,
  mint: Mint,
): { readonly grants: ServerGrants; readonly refreshToken: string; readonly accessToken: string } {
  const grant = before.count + 1
  const refreshToken = mint('refresh', 'R0', nowMs)
  const first: RefreshToken = {
    grant,
    name: 'R0',
    generation: 0,
    state: 'live',
    presentations: 0,
  }
  const grants = withRefreshToken({ ...before, count: grant }, refreshToken, first)
  const [withAccess, accessToken] = issuedAccess(
    grants,
    grant,
    refreshToken,
    behaviour,
    nowMs,
    mint,
  )
  return { grants: withAccess, refreshToken, accessToken }
}

/**
 * RFC 7009 §2.1: the refresh token ends the grant, an access token ends itself. A token that the
 * server does not know counts as revoked.
 */
export function revoke(grants: ServerGrants, token: string): ServerGrants {
  const refresh = grants.refreshTokens.get(token)
  return refresh === undefined ? revokeOne(grants, token) : ended(grants, refresh.grant, 'grant')
}

/** Ends one token and no other. */
export function revokeOne(grants: ServerGrants, token: string): ServerGrants {
  const refresh = grants.refreshTokens.get(token)
  if (refresh !== undefined) {
    return withRefreshToken(grants, token, { ...refresh, state: 'revoked' })
  }
  const access = grants.accessTokens.get(token)
  return access === undefined
    ? grants
    : withAccessToken(grants, token, { ...access, isRevoked: true })
}

/** A resource server sees an access token. */
export function use(grants: ServerGrants, token: string): ServerGrants {
  const access = grants.accessTokens.get(token)
  return access === undefined ? grants : withAccessToken(grants, token, { ...access, isUsed: true })
}
