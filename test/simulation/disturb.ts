import { Secret } from '../../src/core/secret.ts'
import { createSealer } from '../../src/ledger/sealer.ts'
import { generationOf, nameOf } from './chain.ts'
import type { Chain } from './chain.ts'
import type { User, Visited } from './user.ts'
import { drawTrouble } from './weather.ts'
import { trouble } from './world.ts'
import type { World } from './world.ts'

/** Something goes wrong while a user is served. */
export async function disturb(visited: Visited, user: User): Promise<void> {
  const { world, fleet } = visited
  const { timeline, dice, weather, counts, journal } = world
  const drawn = drawTrouble(dice)
  await timeline.sleep(dice.between(0, 80))
  switch (drawn.kind) {
    case 'crash':
      return fleet.crash()
    case 'freeze':
      counts.faults += 1
      return fleet.freeze(drawn.forMs)
    case 'clock':
      counts.faults += 1
      return fleet.setClock(drawn.offMs, drawn.forMs)
    case 'eviction':
      return evict(visited, user)
    default:
      if (drawn.kind === 'outage') journal?.tell(undefined, 'store', `fails for ${drawn.forMs} ms`)
      return weather.begin(drawn)
  }
}

/**
 * A store that evicts drops a row that the other kind of row makes up for: of some chains the grant
 * row, of others claim rows of tokens that are spent and settled.
 */
async function evict({ world, store }: Visited, user: User): Promise<void> {
  const { chain } = user
  if (store.mayEvict !== true || chain?.secret === undefined || chain.drops) return
  if (chain.mayBeLost || chain.isPastLedger) return
  const spent = settledTokens(chain, user.jar?.refreshToken)
  const isGrant = chain.number % 2 === 0
  if (!isGrant && spent.length === 0) return
  const token = isGrant ? undefined : world.dice.among(spent)
  const sealer = createSealer()
  const { key } = await (token === undefined
    ? sealer.derive('grant', new Secret(chain.secret))
    : sealer.derive('claim', new Secret(token)))
  const { value, version } = await store.read(key)
  if (value === undefined) return
  await store.swap(key, version, value, 0)
  world.counts.faults += 1
  const what = token === undefined ? 'the grant row' : `the claim row of ${nameOf(token)}`
  world.journal?.tell(chain, 'store', `drops ${what}`)
  if (isGrant) forgetGrant(world, chain)
}

/** Tokens that the ledger knows as spent by a later generation. */
function settledTokens(chain: Chain, newest: string | undefined): readonly string[] {
  const held = generationOf(chain, newest)
  return [...chain.grants.refreshTokens].flatMap(([token, { generation, state }]) =>
    state === 'spent' && generation > 0 && generation < held ? [token] : [],
  )
}

/** All that stood in the grant row is forgotten until it is written again. */
function forgetGrant(world: World, chain: Chain): void {
  trouble(world, chain, { mayLose: true })
  chain.isPastLedger = true
  chain.touchedAtMs = -Infinity
  chain.acknowledged.surely.length = 0
  delete chain.endedAtMs
}
