import { inspect } from 'node:util'
import type { Refresher, TokenSet } from '../../src/index.ts'
import {
  createAuthorizationServer,
  FIRST,
  LIFETIME_MS,
  MARK,
  REVOCATION_ENDPOINT,
  TOKEN_ENDPOINT,
  WINDOW_MS,
} from './authorization-server.ts'
import { randomFrom } from '../../src/testing/authorization-server/numbers.ts'
import { heldStore, ledgerOf } from '../../src/testing/held-store.ts'
import type { StoreFault } from '../../src/testing/held-store.ts'
import { STALE_MS } from '../../src/testing/invariants.ts'
import type { Call, Happening, World } from './observed.ts'
import type { AsKind, CallPlan, Plan, WorkerPlan } from './plan.ts'
import {
  checkEnd,
  checkHandedOver,
  checkQuiet,
  checkRevoked,
  checkSend,
  checkServed,
  checkTold,
  Violation,
} from './properties.ts'
import { START_MS, createSchedule, forgetStore, inOwnProcess } from '../../src/testing/schedule.ts'
import type { Process } from '../../src/testing/schedule.ts'
import type { Subject } from './subject.ts'

let worlds = 0

/** Lets the world of a plan run to its end. @throws {Violation} When a property does not hold. */
export async function simulate(subject: Subject, plan: Plan): Promise<World> {
  worlds += 1
  const storeName = `world ${worlds}`
  const { storage } = plan
  let jumps = plan.jumps
  const beforeStep = async (step: number): Promise<void> => {
    const jump = jumps.find(({ at }) => at === step)
    if (jump === undefined) return
    jumps = jumps.filter((each) => each !== jump)
    if (inTheAir > 0) happened.add('time')
    schedule.story.push(`time passes: ${jump.ms} ms`)
    await schedule.pass(jump.ms)
  }
  const schedule = createSchedule({
    choices: plan.choices,
    beforeStep,
    onCrash: () => happened.add('crash'),
  })
  const outsider = schedule.process('world')
  const events: World['events'] = []
  const happened = new Set<Happening>()
  const guard = (check: () => void): void => {
    try {
      check()
    } catch (error) {
      world.violation ??= error as Error
    }
  }
  const faults = new Map(plan.asFaults.map(({ at, fault }) => [at, fault]))
  const as = createAuthorizationServer({
    kind: plan.as,
    schedule,
    faultAt: (request) => (isCalm ? undefined : faults.get(request)),
    onSend: (token, worker) => guard(() => checkSend(world, token, worker)),
    onRevoke: (token) => guard(() => checkTold(world, token)),
    onFault: (fault) => happened.add(fault),
  })
  const memory = subject.memoryStore({ name: storeName, clock: outsider.clock })
  const store = subject.breakStore?.(memory) ?? memory
  const first: TokenSet = {
    ...FIRST,
    expiresAtMs: START_MS + (plan.begins === 'expired' ? -1_000 : 10_000),
    obtainedAtMs: START_MS - LIFETIME_MS,
  }
  const world: World = {
    plan,
    schedule,
    as,
    calls: [],
    events,
    handedOut: [first],
    happened,
    ledger: ledgerOf(subject.createSealer(), store),
    isSignOutBegun: false,
  }
  const provider = subject.defineProvider(providerOf(plan.as))
  const nextFault = storeFaults(plan, happened)

  function refresherOf(worker: Process, number: number): Refresher {
    return inOwnProcess(() =>
      subject.createRefresher({
        provider,
        client: { id: `client ${worlds}` },
        store: heldStore(store, worker, {
          nextFault: () => (isCalm ? undefined : nextFault()),
          mark: MARK,
          onLeak: () => guard(() => fail('S1: a row shows a token')),
        }),
        fetch: as.fetchOf(worker),
        clock: worker.clock,
        random: randomFrom(number),
        storeTimeoutMs: plan.storeTimeoutMs,
        staleMs: STALE_MS,
        onEvent(event) {
          events.push({ ...event, worker: worker.name, tick: (tick += 1) })
          if (event.type === 'handed_over') {
            guard(() => checkHandedOver(world))
            happened.add('handed over')
          }
          if (event.type === 'ended' || event.type === 'replay' || event.type === 'handed_over') {
            schedule.story.push(
              `  ${worker.name}: ${event.type} ${'state' in event ? event.state : ''}`,
            )
          }
          guard(() => refuseTokens(event, 'an event'))
        },
      }),
    )
  }

  let tick = 0
  let inTheAir = 0
  let isCalm = false
  let newest = first

  async function call(refresher: Refresher, made: Call): Promise<void> {
    const { worker, does, came } = made
    const others = world.calls.filter(
      (other) => other.worker === worker && other.endedAt === undefined,
    )
    for (const other of others) other.isAlone = false
    if (others.length > 0) made.isAlone = false
    world.calls.push(made)
    inTheAir += 1
    if (does === 'revoke') {
      world.isSignOutBegun = true
      const outcome = await refresher.revoke(came)
      made.endedAt = tick += 1
      schedule.story.push(`  ${worker.name}: signed out ${JSON.stringify(outcome)}`)
      if (outcome.ended) world.signedOut ??= { tick, outcome }
      guard(() => refuseTokens(outcome.error, 'an error'))
      guard(() => checkRevoked(world, outcome))
    } else {
      const outcome = await refresher.refresh(came, does === 'force' ? { force: true } : {})
      made.outcome = outcome
      made.endedAtMs = schedule.nowMs
      made.endedAt = tick += 1
      const { state, error, tokens } = outcome
      schedule.story.push(
        `  ${worker.name}: ${state} ${error?.code ?? ''} ${tokens.refreshToken ?? ''}`,
      )
      world.handedOut.push(tokens)
      guard(() => refuseTokens(error, 'an error'))
      guard(() => checkEnd(world, made))
      if (isCalm) guard(() => checkServed(world, made))
      if (state === 'revoked') world.revokedAt ??= tick
    }
    inTheAir -= 1
  }

  /** A worker's storage: it makes its calls round by round. */
  function workerOf(
    plan: WorkerPlan,
    number: number,
  ): (calls: (worker: WorkerPlan) => readonly CallPlan[]) => void {
    const carries = storage === 'mixed' ? plan.carries : storage === 'carries'
    const worker = schedule.process(`w${number}`, plan.diesAt)
    const refresher = refresherOf(worker, number)
    let own = first

    async function once({ does, from }: CallPlan): Promise<void> {
      await worker.step(`${does}s with ${from}`)
      const { handedOut } = world
      const set =
        from === 'own' ? own : from === 'newest' ? newest : handedOut[from % handedOut.length]!
      const { grant, ...bare } = set
      const made: Call = {
        worker,
        does,
        came: carries && grant !== undefined ? { ...bare, grant } : bare,
        startedAtMs: schedule.nowMs,
        startedAt: (tick += 1),
        isAlone: true,
      }
      await call(refresher, made)
      if (made.outcome?.changed !== true || !plan.saves) return
      own = made.outcome.tokens
      newest = made.outcome.tokens
    }

    return (calls) => {
      for (const each of calls(plan)) {
        running.set(worker, (running.get(worker) ?? 0) + 1)
        void once(each).then(() => running.set(worker, running.get(worker)! - 1))
      }
    }
  }

  async function round(pauseMs: number, calls: (worker: WorkerPlan) => readonly CallPlan[]) {
    if (isOver()) return
    if (pauseMs > 0) schedule.story.push(`time passes: ${pauseMs} ms`)
    await schedule.pass(pauseMs)
    for (const begin of workers) begin(calls)
    await schedule.run(isDone, isOver)
  }

  const running = new Map<Process, number>()
  const isDone = (): boolean => [...running].every(([{ isDead }, calls]) => isDead || calls === 0)
  const isOver = (): boolean => world.violation !== undefined
  const workers = plan.workers.map((worker, index) => workerOf(worker, index + 1))
  try {
    for (const [number, pauseMs] of plan.pausesMs.entries()) {
      await round(pauseMs, ({ rounds }) => rounds[number] ?? [])
    }
    if (!isOver()) await checkQuiet(world)
    isCalm = true
    await round(LIFETIME_MS, () => [{ does: 'refresh', from: 'own' }])
    if (!isOver()) await checkQuiet(world)
  } catch (error) {
    const isOurs = error instanceof Violation
    world.violation ??= isOurs ? error : new Violation(`liveness: ${(error as Error).message}`)
  } finally {
    forgetStore(storeName)
  }
  if (world.violation !== undefined) throw told(world)
  return world
}

function fail(what: string): never {
  throw new Violation(what)
}

function told({ violation, schedule, plan, happened }: World): Error {
  const faults = happened.size === 0 ? 'nothing' : [...happened].join(', ')
  const story = schedule.story.map((line) => `  ${line}`).join('\n')
  return new Violation(`${violation!.message}\n(${plan.as} AS; happened: ${faults})\n${story}\n`)
}

function refuseTokens(value: unknown, where: string): void {
  if (value === undefined) return
  const texts = [
    JSON.stringify(value),
    inspect(value, { depth: 9, showHidden: true }),
    // What a template would print.
    ''.concat(value as string),
  ]
  if (texts.some((text) => text.includes(MARK))) fail(`S1: ${where} shows a token`)
}

/** Which calls of the store fail, over all workers. */
function storeFaults(
  { storeFaults }: Plan,
  happened: Set<Happening>,
): () => StoreFault | undefined {
  let calls = 0
  return () => {
    const at = calls
    calls += 1
    const fault = storeFaults.find((each) => each.at <= at && at < each.at + each.times)
    if (fault === undefined) return undefined
    happened.add(fault.fault)
    if (fault.times > 1) happened.add('outage')
    return fault.fault
  }
}

function providerOf(kind: AsKind): Parameters<Subject['defineProvider']>[0] {
  return {
    id: 'as',
    tokenEndpoint: TOKEN_ENDPOINT,
    revocationEndpoint: REVOCATION_ENDPOINT,
    clientAuthentication: 'none',
    rotation:
      kind === 'never' ? 'never' : kind === 'kept' || kind === 'sometimes' ? 'sometimes' : 'always',
    ...(kind === 'never' && { reuse: 'accepted' as const }),
    ...(kind === 'window' && { reuse: { acceptedForMs: WINDOW_MS } }),
  }
}
