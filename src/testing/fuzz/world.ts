import { createSealer } from '../../ledger/sealer.ts'
import type { Store } from '../../ledger/store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { drawBehaviour } from '../authorization-server/description.ts'
import type { NetworkFault } from '../authorization-server/fault.ts'
import { minting } from '../authorization-server/grants.ts'
import { randomFrom } from '../authorization-server/numbers.ts'
import { serverInMemory } from '../authorization-server/server.ts'
import type { StoreFault } from '../held-store.ts'
import { ledgerOf } from '../held-store.ts'
import { START_MS, createSchedule, forgetStore } from '../schedule.ts'
import { Violation, invariants, inUnits } from '../invariants.ts'
import { createNetwork } from './network.ts'
import { Stuck, createUserCodeClock, instrumentProvider } from './user-code-clock.ts'
import { checkQuiet, observationsOf } from './observed.ts'
import type { Simulated, World } from './observed.ts'
import type { CallPlan, Plan, WorkerPlan } from './plan.ts'
import { createStory } from './story.ts'
import { MARK } from './secrets.ts'
import { workerOf } from './worker.ts'
import type { WorkerContext } from './worker.ts'

let worlds = 0

/**
 * Lets the world of a plan run to its end.
 *
 * @returns What was seen. `violation` says what did not hold, if anything.
 * @throws {Stuck} When a function of the user's does not go on.
 */
export async function simulate(subject: Simulated, plan: Plan): Promise<World> {
  const userCode = createUserCodeClock()
  const provider = instrumentProvider(subject.provider, subject.client, userCode)
  const simulated = { ...subject, provider }
  worlds += 1
  const name = `fuzz-${worlds}`
  let isCalm = false
  let ticks = 0
  const state = stateOf(plan, () => (isCalm ? undefined : world))
  const schedule = createSchedule({
    choices: plan.order,
    beforeStep: state.beforeStep,
    onCrash: () => world.happened.add('crash'),
    userCode: userCode.wait,
  })
  const outsider = schedule.process('world')
  const { library } = subject
  const store = (library?.memoryStore ?? memoryStore)({ name, clock: outsider.clock })
  const world = worldOf(simulated, plan, schedule, store)
  const guard = (check: () => void): void => {
    try {
      check()
    } catch (error) {
      world.violation ??= error as Violation
    }
  }
  const fetchOf = createNetwork(world, {
    faultAt: (number) => (isCalm ? undefined : faultAt(plan, number)),
    guard,
    outsider,
    userCode,
  })
  const nextStoreFault = storeFaults(plan, world)
  const surroundings: WorkerContext = {
    world,
    simulated,
    store,
    name,
    fetchOf: (worker) => {
      const fetch = fetchOf(worker)
      const { wrapFetch } = simulated
      return wrapFetch === undefined ? fetch : userCode.around(wrapFetch, fetch, worker)
    },
    nextStoreFault: () => (isCalm ? undefined : nextStoreFault()),
    guard,
    clockOffsetMs: state.clockOffsetMs,
    tick: () => (ticks += 1),
    isCalm: () => isCalm,
  }
  const workers = plan.workers.map((worker, index) => workerOf(surroundings, worker, index + 1))
  const isDone = (): boolean => workers.every(({ isDone }) => isDone())
  const isOver = (): boolean => world.violation !== undefined

  async function round(pauseMs: number, calls: (worker: WorkerPlan) => readonly CallPlan[]) {
    if (isOver()) return
    if (pauseMs > 0) world.story.tell('time', `${inUnits(pauseMs)} pass`)
    await schedule.pass(pauseMs)
    for (const { begin } of workers) begin(calls)
    await schedule.run(isDone, isOver)
  }

  try {
    for (const [number, pauseMs] of plan.pausesMs.entries()) {
      await round(pauseMs, ({ rounds }) => rounds[number] ?? [])
    }
    if (!isOver()) await checkQuiet(world)
    isCalm = true
    const { accessTokenMs } = world.server.behaviour
    await round(accessTokenMs, () => [{ does: 'refresh', from: 'own' }])
    if (!isOver()) await checkQuiet(world)
  } catch (error) {
    if (error instanceof Stuck) throw error
    world.violation ??=
      error instanceof Violation ? error : new Violation('budget', (error as Error).message)
  } finally {
    forgetStore(name)
  }
  return world
}

function worldOf(subject: Simulated, plan: Plan, schedule: World['schedule'], store: Store): World {
  let drawn = 0
  const behaviour = drawBehaviour(subject.description, () => plan.draws[drawn++] ?? 0)
  const now = (): number => START_MS + schedule.nowMs
  const { accessToken } = behaviour.behaviour.wire
  const mint = minting({ random: randomFrom(7), accessToken, now, mark: MARK })
  const server = serverInMemory({ behaviour: behaviour.behaviour, mint, now, revokes: 'token' })
  const { accessToken: first, refreshToken } = server.signIn()
  const world: Omit<World, 'judge'> = {
    subject,
    plan,
    drawn: behaviour,
    schedule,
    server,
    story: createStory(server, () => schedule.nowMs),
    sendings: [],
    calls: [],
    events: [],
    handedOut: [
      {
        accessToken: first,
        refreshToken,
        obtainedAtMs: now() - behaviour.behaviour.accessTokenMs,
        expiresAtMs: now() + (plan.begins === 'expired' ? -1_000 : 10_000),
      },
    ],
    happened: new Set(),
    ledger: ledgerOf((subject.library?.createSealer ?? createSealer)(), store),
    isSignOutBegun: false,
  }
  return Object.assign(world, { judge: invariants(observationsOf(world)) })
}

/** Time that passes, and clocks that are set, in the middle of everything. */
function stateOf({ jumps, clocks }: Plan, worldNow: () => World | undefined) {
  let left = jumps
  const offsets = new Map<number, number>()
  const pending = new Set(clocks)
  return {
    async beforeStep(step: number): Promise<void> {
      const world = worldNow()
      if (world === undefined) return
      const { happened, story, calls, schedule } = world
      for (const clock of pending) {
        if (clock.at !== step) continue
        pending.delete(clock)
        const number = clock.worker + 1
        offsets.set(number, (offsets.get(number) ?? 0) + clock.byMs)
        happened.add('clock set')
        const way = clock.byMs < 0 ? 'back' : 'ahead'
        story.tell(`worker ${number}`, `has its clock set ${inUnits(Math.abs(clock.byMs))} ${way}`)
      }
      const jump = left.find(({ at }) => at === step)
      if (jump === undefined) return
      left = left.filter((each) => each !== jump)
      const flying = calls.filter(({ endedAt }) => endedAt === undefined)
      // Something waits for its turn: an exchange runs on after its callers have left.
      happened.add('time passed')
      for (const call of flying) call.pausedMs += jump.ms
      story.tell('time', `${inUnits(jump.ms)} pass in the middle of it`)
      await schedule.pass(jump.ms)
    },
    clockOffsetMs: (worker: number): number => offsets.get(worker) ?? 0,
  }
}

function faultAt({ network }: Plan, number: number): NetworkFault | undefined {
  return network.find(({ at }) => at === number)?.fault
}

/** Which calls of the store fail, over all workers. */
function storeFaults({ store }: Plan, { happened, story }: World): () => StoreFault | undefined {
  let calls = 0
  return () => {
    const at = calls
    calls += 1
    const trouble = store.find((each) => each.at <= at && at < each.at + each.times)
    if (trouble === undefined) return undefined
    const { fault, times } = trouble
    if (at === trouble.at) story.tell('store', STORE_WORDS[fault](times))
    happened.add(fault)
    if (times > 1) happened.add('outage')
    return fault
  }
}

const STORE_WORDS: Readonly<Record<StoreFault, (times: number) => string>> = {
  error: (times) => `fails ${count(times)}`,
  'lost acknowledgement': (times) => `does its work and loses the answer ${count(times)}`,
  silence: (times) => `does its work and never answers ${count(times)}`,
  eviction: () => 'drops the row that is asked for',
}

function count(times: number): string {
  return times === 1 ? 'once' : `${times} times in a row`
}
