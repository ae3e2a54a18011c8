import type { TokenSet } from '../../src/index.ts'
import { START_MS } from '../../src/testing/schedule.ts'
import type { Store } from '../../src/ledger/store.ts'
import { call } from './calling.ts'
import type { Chain } from './chain.ts'
import type { Fleet } from './fleet.ts'
import { withdraw } from './network.ts'
import { disturb } from './disturb.ts'
import { steal } from './thief.ts'
import type { World } from './world.ts'

/** Somebody with a browser: one cookie jar, which all tabs share, and what tabs remember. */
export interface User {
  readonly name: string
  /** Whether the application's storage has no room for `grant`. */
  readonly drops: boolean
  chain?: Chain | undefined
  /** The session cookie. */
  jar?: TokenSet | undefined
  /** Sets that were replaced, the newest first: of this sign-in and the one before. */
  older: readonly TokenSet[]
}

/** The application that users come to. */
export interface Visited {
  readonly world: World
  readonly fleet: Fleet
  /** The ledger's rows, past everything that may go wrong. */
  readonly store: Store
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const OLDER_MAX = 6

/** How often something is so. */
const PART = {
  stale: 0.04,
  force: 0.03,
  /** A renderer that cannot write cookies. */
  readOnly: 0.15,
  lostCookie: 0.03,
  lateCookie: 0.04,
  signOut: 0.02,
  withdrawal: 0.003,
  theft: 0.01,
  trouble: 0.06,
} as const

/** How many requests are made at once. */
const BURSTS = [
  [3, 1],
  [3, 2],
  [3, 5],
  [2, 10],
] as const

/** How long until the next burst, by the lifetime of an access token. */
function pauseMs({ dice, kind }: World): number {
  const lifetimeMs = kind.behaviour.accessTokenMs
  return dice.weighed([
    [2, () => dice.spread(200, 20_000)],
    [9, () => dice.between(lifetimeMs * 0.8, lifetimeMs * 1.2)],
    [3, () => dice.between(HOUR_MS, 3 * HOUR_MS)],
    [2, () => dice.between(8 * HOUR_MS, 16 * HOUR_MS)],
    [0.4, () => dice.between(2 * DAY_MS, 12 * DAY_MS)],
    [0.05, () => dice.between(20 * DAY_MS, 45 * DAY_MS)],
  ])()
}

/** Lives until the world ends: comes and goes, signs in and out. */
export async function live(visited: Visited, user: User): Promise<never> {
  const { world } = visited
  const { timeline, dice } = world
  for (;;) {
    await timeline.sleep(pauseMs(world))
    if (user.chain === undefined) signIn(world, user)
    const isLeaving = dice.chance(PART.signOut)
    if (dice.chance(PART.trouble)) void disturb(visited, user)
    for (let left = dice.weighed(BURSTS); left > 0; left -= 1) void visit(visited, user)
    if (isLeaving) void leave(visited, user)
    if (dice.chance(PART.theft)) steal(visited, user)
    if (user.chain !== undefined && dice.chance(PART.withdrawal)) withdraw(world, user.chain)
  }
}

function signIn({ server, timeline, kind, counts, journal }: World, user: User): void {
  const { chain, accessToken, refreshToken } = server.signIn(user.name, user.drops)
  const obtainedAtMs = START_MS + timeline.nowMs
  const expiresAtMs = obtainedAtMs + kind.behaviour.accessTokenMs
  replace(user, { accessToken, refreshToken, obtainedAtMs, expiresAtMs })
  user.chain = chain
  counts.signIns += 1
  journal?.tell(chain, user.name, `signs in, chain ${chain.number}`)
}

/** One request of a tab: with the cookie as it is when it leaves. */
async function visit({ world, fleet }: Visited, user: User): Promise<void> {
  const { dice, timeline } = world
  await timeline.sleep(dice.between(0, 15))
  const isStale = dice.chance(PART.stale) && user.older.length > 0
  const set = isStale ? dice.among(user.older) : user.jar
  if (set === undefined) return
  const does = dice.chance(PART.force) ? 'force' : 'refresh'
  const made = await call(world, fleet.pick(), { by: user.name, does, set })
  if (made?.outcome === undefined) return
  const { needsSignIn, changed, tokens } = made.outcome
  const isReadOnly = dice.chance(PART.readOnly)
  const isLost = dice.chance(PART.lostCookie)
  const lateMs = dice.chance(PART.lateCookie) ? dice.spread(1_000, 10 * MINUTE_MS) : 0
  await timeline.sleep(dice.between(1, 15) + lateMs)
  // Whatever was stored since: the last answer wins, as in a browser. A new sign-in stays.
  if (isLost || made.chain !== user.chain) return
  if (needsSignIn) forgetSession(user)
  else if (changed && !isReadOnly) replace(user, tokens)
}

async function leave({ world, fleet }: Visited, user: User): Promise<void> {
  const { dice, timeline } = world
  await timeline.sleep(dice.between(0, 15))
  const set = user.jar
  if (set === undefined) return
  forgetSession(user)
  await call(world, fleet.pick(), { by: user.name, does: 'revoke', set })
}

function replace(user: User, set: TokenSet): void {
  if (user.jar !== undefined) user.older = [user.jar, ...user.older].slice(0, OLDER_MAX)
  user.jar = set
}

/** The cookie is gone; tabs remember it. */
function forgetSession(user: User): void {
  if (user.jar !== undefined) user.older = [user.jar, ...user.older].slice(0, OLDER_MAX)
  user.jar = undefined
  user.chain = undefined
}
