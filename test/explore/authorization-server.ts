import { failedPresentation, type Presentation } from '../../src/core/failure.ts'
import { Secret } from '../../src/core/secret.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { Config, World } from './world.ts'

type Answer = readonly [how: string, world: World, presentation: Presentation]

/**
 * Everything that this kind of AS may do with a refresh token. All kinds are strict: a token that
 * was consumed and comes again kills the whole grant (RFC 9700 §4.14.2).
 */
export function* answersOf(world: World, config: Config, token: string): Generator<Answer> {
  const state = world.refreshTokens[token]
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

function issue(world: World, config: Config, token: string, rotates: boolean): Answer {
  const issued = world.issued + 1
  const next = `r${Number(token.slice(1)) + 1}`
  const sends = rotates && config.as !== 'omitted'
  const refreshTokens = {
    ...world.refreshTokens,
    ...(rotates && { [token]: 'spent' as const }),
    ...(sends && { [next]: 'live' as const }),
  }
  const accessTokens = { ...world.accessTokens, [`a${issued}`]: 'live' as const }
  const access = {
    token: new Secret(`a${issued}`),
    obtainedAtMs: world.now,
    expiresAtMs: world.now + config.lifetimeMs,
  }
  return [
    rotates ? `rotates to ${next}` : 'keeps it',
    { ...world, issued, refreshTokens, accessTokens },
    {
      outcome: 'granted',
      response: { access, ...(sends && { refreshToken: new Secret(next) }) },
    },
  ]
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
