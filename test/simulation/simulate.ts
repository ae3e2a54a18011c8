import { START_MS, forgetStore } from '../../src/testing/schedule.ts'
import type { Subject } from '../properties/subject.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import { checkTime, judgeOf } from './checks.ts'
import { diceFrom } from './dice.ts'
import { createFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import { createJournal } from './journal.ts'
import { KINDS } from './kinds.ts'
import { createTimeline } from './timeline.ts'
import { live } from './user.ts'
import { createWeather } from './weather.ts'
import { guard } from './world.ts'
import type { Counts, World } from './world.ts'

export interface SimulateOptions {
  readonly seed: number
  /** How much happens at most. */
  readonly steps: number
  /** Whether what happens is written down. It costs a tenth of the speed. */
  readonly tells?: boolean
}

const USERS = [6, 24] as const
const WORKERS = [2, 5] as const

/** How often the store may drop rows before their time, and users have no room for `grant`. */
const PART = { evicting: 1 / 4, dropping: 1 / 4 } as const

/** After so many steps it is looked for calls that never end. */
const SWEEP_STEPS = 4_096

let worlds = 0

/**
 * Lets the world of a seed live for so many steps, or until something does not hold.
 *
 * The same seed is the same world, whatever else this process has done.
 */
export async function simulate(
  subject: Subject,
  { seed, steps, tells = false }: SimulateOptions,
): Promise<World> {
  worlds += 1
  const name = `simulation ${worlds}`
  const dice = diceFrom(seed)
  const timeline = createTimeline(dice)
  const now = (): number => timeline.nowMs
  const kind = dice.weighed(KINDS)
  const world: World = {
    dice,
    timeline,
    kind,
    server: createAuthorizationServer(
      kind.behaviour,
      () => START_MS + timeline.nowMs,
      (chain) => judgeOf(world, chain),
    ),
    weather: createWeather(dice, now),
    journal: tells ? createJournal(now) : undefined,
    counts: emptyCounts(),
  }
  const { clock } = timeline.host('store')
  const memory = subject.memoryStore({ name, clock, rowsMax: Infinity })
  const store = { ...memory, mayEvict: dice.chance(PART.evicting) }
  const size = dice.between(...WORKERS)
  const fleet = createFleet(world, { size, subject, store, clientId: name })
  const many = dice.between(...USERS)
  world.journal?.tell(undefined, 'world', `${many} users, ${size} workers; the server ${kind.name}`)
  for (let number = 1; number <= many; number += 1) {
    const drops = dice.chance(PART.dropping)
    void live({ world, fleet, store }, { name: `user ${number}`, drops, older: [] })
  }
  try {
    await timeline.run(steps, () => isOver(world, fleet))
  } finally {
    forgetStore(name)
  }
  return world
}

function isOver(world: World, { workers }: Fleet): boolean {
  if (world.timeline.steps % SWEEP_STEPS === 0) {
    for (const each of workers.flatMap(({ calls }) => [...calls])) {
      guard(world, each.chain, () => checkTime(each))
    }
  }
  return world.violation !== undefined
}

function emptyCounts(): Counts {
  return {
    calls: 0,
    refreshes: 0,
    presentations: 0,
    signIns: 0,
    signOuts: 0,
    replays: 0,
    crashes: 0,
    faults: 0,
    lost: 0,
  }
}
