import type { TokenSet } from '../../src/core/token-set.ts'
import { outcomeOf } from '../../src/runtime/outcome.ts'
import { isKnown, newestLive } from './properties.ts'
import type { Config, Cookie, Run, World } from './world.ts'

/**
 * What a caller ends with, and what has become of the grant by then: all that can be seen of a
 * world from outside. However the chart is drawn inside, the set of these stays the same.
 *
 * @param world The world after the call has ended.
 */
export function describeEnd(world: World, { lifetimeMs }: Config, run: Run): string {
  const { state, context } = run.position
  const [top] = state.split('.') as ['fresh' | 'expiring' | 'rotated' | 'error' | 'revoked']
  const end = { state: top, isEnded: top === 'revoked', first: context.tokens, context }
  const outcome = outcomeOf(end, tokenSetOf(run.cookie, lifetimeMs), 'explored')
  return [
    'a call ends',
    top,
    outcome.error?.code ?? 'no error',
    outcome.usable ? 'usable' : 'unusable',
    ...(outcome.needsSignIn ? ['sign in'] : []),
    ...describeGrant(world),
  ].join(', ')
}

/** What is left when nobody is doing anything. */
export function describeRest(world: World): string {
  return ['at rest', ...describeGrant(world)].join(', ')
}

function describeGrant(world: World): string[] {
  const { endedBy, isSignedOut, happened } = world
  const newest = newestLive(world)
  return [
    newest === undefined
      ? 'no token lives'
      : isKnown(world, newest)
        ? 'the live token is known'
        : 'the live token is lost',
    ...(endedBy === undefined ? [] : [`ended by ${endedBy}`]),
    ...(isSignedOut ? ['signed out'] : []),
    ...(happened.length === 0 ? [] : [`after ${happened.join(' and ')}`]),
  ]
}

function tokenSetOf(cookie: Cookie, lifetimeMs: number): TokenSet {
  const { refreshToken, accessToken, obtainedAtMs } = cookie
  return {
    accessToken,
    obtainedAtMs,
    expiresAtMs: obtainedAtMs + lifetimeMs,
    ...(refreshToken !== undefined && { refreshToken }),
  }
}
