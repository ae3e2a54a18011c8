import type { TokenSet } from '../../src/index.ts'
import { call } from './calling.ts'
import { nameOf } from './chain.ts'
import type { Chain } from './chain.ts'
import type { User, Visited } from './user.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** How often a thief presents the token past the application. */
const DIRECT_PART = 0.25

/** Somebody copies a session cookie, and uses it some time later. */
export function steal(visited: Visited, { jar, chain, name }: User): void {
  const { world } = visited
  if (jar === undefined || chain === undefined) return
  world.journal?.tell(chain, 'thief', `copies the cookie of ${name}: ${nameOf(jar.refreshToken)}`)
  void use(visited, jar, chain)
}

async function use(visited: Visited, stolen: TokenSet, chain: Chain): Promise<void> {
  const { world } = visited
  const { dice, timeline } = world
  await timeline.sleep(dice.spread(MINUTE_MS / 60, 20 * DAY_MS))
  if (dice.chance(DIRECT_PART)) presentPast(visited, stolen, chain)
  else await comeAsUser(visited, stolen)
}

/** We do not see it; the server does, and so does whoever presents the token next. */
function presentPast({ world }: Visited, { refreshToken }: TokenSet, chain: Chain): void {
  chain.causes.add('a thief presents a token')
  const { decision } = world.server.receive(refreshToken!)
  const how = decision.kind === 'granted' ? 'and is served' : 'and is refused'
  world.journal?.tell(
    chain,
    'thief',
    `presents ${nameOf(refreshToken)} past the application, ${how}`,
  )
}

/** Comes to the application again and again, with a jar of its own, until it is told to sign in. */
async function comeAsUser({ world, fleet }: Visited, stolen: TokenSet): Promise<void> {
  const { dice, timeline, kind } = world
  let jar = stolen
  for (let left = dice.between(1, 5); left > 0; left -= 1) {
    const made = await call(world, fleet.pick(), { by: 'thief', does: 'refresh', set: jar })
    if (made?.outcome === undefined || made.outcome.needsSignIn) return
    jar = made.outcome.tokens
    await timeline.sleep(dice.spread(MINUTE_MS, 3 * kind.behaviour.accessTokenMs))
  }
}
