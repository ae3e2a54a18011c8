import { failedPresentation, type Presentation } from '../../src/core/failure.ts'
import { Violation } from './violation.ts'
import { Secret } from '../../src/core/secret.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { AsKind, Config, ReuseKind, World } from './world.ts'

type Answer = readonly [how: string, world: World, presentation: Presentation]

const REUSE_KINDS: readonly AsKind[] = [
  'accepted',
  'forking window',
  'sliding window',
  'idempotent window',
  'until used',
  'refused',
  'introspected',
] satisfies readonly ReuseKind[]

/**
 * Whether a token may be presented again whose first presentation is lost: because the server does
 * something else with a spent one than to kill the grant, or because it is asked before.
 */
export function isForgiving({ as }: Pick<Config, 'as'>): boolean {
  return REUSE_KINDS.includes(as)
}

export function generationOf(token: string): number {
  return Math.floor(Number(token.slice(1)))
}

/** Whether the server would grant a token set for this token at that time. */
export function isAccepted(world: World, config: Config, token: string, atMs: number): boolean {
  const state = world.refreshTokens[token]
  if (state === 'live') return true
  if (state !== 'spent') return false
  switch (config.as) {
    case 'accepted':
      return true
    case 'forking window':
    case 'sliding window':
    case 'idempotent window':
      return atMs < world.usedAtMs![token]! + config.windowMs
    case 'until used':
      return (world.usedGeneration ?? 0) <= generationOf(token)
    default:
      return false
  }
}

/**
 * Everything that this kind of AS may do with a refresh token. Unless its kind says otherwise, a
 * token that was consumed and comes again kills the whole grant (RFC 9700 §4.14.2).
 */
export function* answersOf(world: World, config: Config, token: string): Generator<Answer> {
  const state = world.refreshTokens[token]
  if (isForgiving(config)) {
    yield forgivingAnswer(world, config, token)
    return
  }
  if (state !== 'live') {
    const killed = state === 'spent' ? revokeGrant(world) : world
    yield ['invalid_grant', killed, failedPresentation('rejected')]
    return
  }
  const rotates = config.as !== 'kept' && config.as !== 'never'
  const keeps = config.as === 'kept' || config.as === 'never' || config.as === 'sometimes'
  if (rotates) yield issue(world, config, token, true)
  if (keeps) yield issue(world, config, token, false)
}

function forgivingAnswer(world: World, config: Config, token: string): Answer {
  if (isAccepted(world, config, token, world.now)) return issue(world, config, token, true)
  // Of a server that kills: no presentation has spent the token that comes again.
  if (config.as !== 'refused' && world.refreshTokens[token] === 'spent') {
    throw new Violation(`P2: the AS kills the grant because ${token} comes again`)
  }
  return ['invalid_grant', world, failedPresentation('rejected')]
}

/** The successor that is issued: the same again, or one beside those that were issued before. */
function successorOf(world: World, config: Config, token: string): string {
  const first = `r${generationOf(token) + 1}`
  if (config.as === 'idempotent window') return first
  let next = first
  for (let fork = 1; world.refreshTokens[next] !== undefined; fork += 1) next = `${first}.${fork}`
  return next
}

function issue(world: World, config: Config, token: string, rotates: boolean): Answer {
  const issued = world.issued + 1
  const next = isForgiving(config)
    ? successorOf(world, config, token)
    : `r${Number(token.slice(1)) + 1}`
  const sends = rotates && config.as !== 'omitted'
  const refreshTokens = {
    ...(config.as === 'until used' ? withoutSiblings(world, next) : world.refreshTokens),
    ...(rotates && { [token]: 'spent' as const }),
    ...(sends && world.refreshTokens[next] === undefined && { [next]: 'live' as const }),
  }
  const accessTokens = { ...world.accessTokens, [`a${issued}`]: 'live' as const }
  const access = {
    token: new Secret(`a${issued}`),
    obtainedAtMs: world.now,
    expiresAtMs: world.now + config.lifetimeMs,
  }
  return [
    rotates ? `rotates to ${next}` : 'keeps it',
    { ...world, issued, refreshTokens, accessTokens, ...windowOf(world, config, token) },
    {
      outcome: 'granted',
      response: { access, ...(sends && { refreshToken: new Secret(next) }) },
    },
  ]
}

/** The successors that were issued before die when another one is issued. */
function withoutSiblings({ refreshTokens }: World, next: string): World['refreshTokens'] {
  return Object.fromEntries(
    Object.entries(refreshTokens).map(([token, state]) => [
      token,
      generationOf(token) === generationOf(next) && token !== next ? ('revoked' as const) : state,
    ]),
  )
}

function windowOf(world: World, { as }: Config, token: string): Pick<World, 'usedAtMs'> {
  if (!as.endsWith('window')) return {}
  const since = as === 'sliding window' ? undefined : world.usedAtMs?.[token]
  return { usedAtMs: { ...world.usedAtMs, [token]: since ?? world.now } }
}

function revokeGrant(world: World): World {
  return {
    ...world,
    refreshTokens: Object.fromEntries(
      Object.keys(world.refreshTokens).map((token) => [token, 'revoked' as const]),
    ),
    accessTokens: Object.fromEntries(
      Object.keys(world.accessTokens).map((token) => [token, 'revoked' as const]),
    ),
  }
}

/** RFC 7009, on an AS that revokes what it is told and nothing else. */
export function revokeAtServer(world: World, { refreshToken, access }: StoredTokenSet): World {
  const gone = access.map(([, { token }]) => [token, 'revoked' as const])
  return {
    ...world,
    accessTokens: { ...world.accessTokens, ...Object.fromEntries(gone) },
    ...(refreshToken !== undefined &&
      world.refreshTokens[refreshToken] === 'live' && {
        refreshTokens: { ...world.refreshTokens, [refreshToken]: 'revoked' as const },
      }),
  }
}
