import type { Refresher, RefreshEvent } from '../../src/index.ts'
import type { Store } from '../../src/ledger/store.ts'
import { randomFrom } from '../../src/testing/authorization-server/numbers.ts'
import { Violation } from '../../src/testing/invariants.ts'
import { MARK } from '../../src/testing/fuzz/secrets.ts'
import { heldStore } from '../../src/testing/held-store.ts'
import { inOwnProcess } from '../../src/testing/schedule.ts'
import type { Subject } from '../properties/subject.ts'
import type { Chain } from './chain.ts'
import { checkReplay } from './checks.ts'
import { fetchOf } from './network.ts'
import type { Host } from './timeline.ts'
import { guard, REQUEST_TIMEOUT_MS, trouble, limitMs } from './world.ts'
import type { Call, World } from './world.ts'

/** A process that serves users. */
export interface Worker {
  readonly host: Host
  readonly refresher: Refresher
  /** In the air. */
  readonly calls: Set<Call>
  /** When it last had to do with a chain: it may be working in the background. */
  readonly seen: Map<Chain, number>
}

/** All processes of an application, behind one load balancer. */
export interface Fleet {
  readonly workers: readonly Worker[]
  pick(): Worker
  /** A process dies, and another takes its place. */
  crash(): void
  freeze(forMs: number): void
  /** The clock of a host is wrong for so long. */
  setClock(offMs: number, forMs: number): void
}

export interface FleetOptions {
  readonly size: number
  readonly subject: Subject
  readonly store: Store
  readonly clientId: string
}

export function createFleet(world: World, options: FleetOptions): Fleet {
  const { dice, timeline, journal, counts } = world
  let started = 0
  const start = (): Worker => startWorker(world, options, (started += 1))
  const workers = Array.from({ length: options.size }, start)

  /** One that is in the middle of something, if there is one. */
  function busy(): Worker {
    const among = workers.filter(({ calls }) => calls.size > 0)
    return dice.among(among.length > 0 ? among : workers)
  }

  return {
    workers,
    pick: () => dice.among(workers),
    crash() {
      const worker = busy()
      for (const chain of worker.seen.keys()) {
        chain.isSilenced = true
        trouble(world, chain, { mayLose: true })
      }
      for (const call of worker.calls) call.chain.calls.delete(call)
      worker.host.kill()
      counts.crashes += 1
      journal?.tell(undefined, worker.host.name, 'dies')
      workers[workers.indexOf(worker)] = start()
    },
    freeze(forMs) {
      const { host, seen } = busy()
      for (const chain of seen.keys()) trouble(world, chain, { forMs, mayLose: true })
      host.freeze(forMs)
      journal?.tell(undefined, host.name, `stands still for ${forMs / 1000} s`)
    },
    setClock(offMs, forMs) {
      const { host } = busy()
      host.setClock(offMs)
      journal?.tell(undefined, host.name, `has its clock ${offMs / 1000} s off`)
      void timeline.sleep(forMs).then(() => host.setClock(0))
    },
  }
}

function startWorker(
  world: World,
  { subject, store, clientId }: FleetOptions,
  number: number,
): Worker {
  const { timeline, weather, kind, counts } = world
  const host = timeline.host(`worker ${number}`)
  const calls = new Set<Call>()
  const seen = new Map<Chain, number>()
  const leak = (): void =>
    guard(world, undefined, () => {
      throw new Violation('S1', 'a row of the ledger shows a token')
    })
  function nextFault() {
    const fault = weather.nextStoreFault()
    if (fault === undefined) return undefined
    counts.faults += 1
    for (const [chain, atMs] of seen) {
      if (atMs + limitMs(kind) < timeline.nowMs) seen.delete(chain)
      else trouble(world, chain, { mayLose: weather.isOutage() })
    }
    world.journal?.tell(undefined, 'store', `meets ${host.name} with: ${fault}`)
    return fault
  }
  const refresher = inOwnProcess(() =>
    subject.createRefresher({
      refusedFloorMs: 0,
      // test/processes/wake.test.ts has it: here it would double the requests.
      checkPathAfterMs: Infinity,
      provider: subject.defineProvider(kind.provider),
      client: { id: clientId },
      ledger: { store: heldStore(store, host, { nextFault, mark: MARK, onLeak: leak }) },
      fetch: fetchOf(world, host),
      clock: host.clock,
      random: randomFrom(world.dice.bits()),
      timeouts: { requestMs: REQUEST_TIMEOUT_MS },
      onEvent: (event) => observe(world, calls, host, event),
    }),
  )
  return { host, refresher, calls, seen }
}

/** What a process tells its owner. */
function observe(
  world: World,
  calls: ReadonlySet<Call>,
  { name }: Host,
  event: RefreshEvent,
): void {
  if (JSON.stringify(event).includes(MARK)) {
    guard(world, undefined, () => {
      throw new Violation('S1', `the event ${event.type} shows a token`)
    })
  }
  if (event.type === 'handed_over') {
    for (const { chain } of calls) {
      if (chain.troubledUntilMs < world.timeline.nowMs) continue
      chain.isPastLedger = true
      world.journal?.tell(chain, name, 'cannot write the ledger, and hands its set over')
    }
  }
  if (event.type === 'reuse_detected') {
    guard(world, undefined, () => {
      for (const chain of checkReplay(world, calls)) meetReplay(world, chain, name)
    })
  }
}

function meetReplay(world: World, chain: Chain, name: string): void {
  if (chain.isReplayReported) return
  chain.isReplayReported = true
  chain.causes.add('an older holder comes too late')
  world.counts.replays += 1
  world.journal?.tell(chain, name, 'meets a replay, and ends the chain')
  buryLater(world, chain, 'S2')
}

/** Looks some time later, if nothing else has happened to the chain until then. */
export function buryLater(world: World, chain: Chain, invariant: 'S2' | 'S3'): void {
  const isMurky = (): boolean =>
    chain.mayBeLost ||
    chain.isPastLedger ||
    chain.causes.size > 1 ||
    typeof world.kind.provider.reuse === 'object'
  if (isMurky()) return
  later(world, chain, () => {
    if (isMurky()) return
    const [live] = world.server.liveOf(chain)
    chain.judge.buried(live, invariant === 'S3' ? 'sign-out' : 'other')
  })
}

/** Misses the event of a replay, if none has come after some time. */
export function missLater(world: World, chain: Chain): void {
  const isExcused = (): boolean => chain.isReplayReported || chain.isSilenced
  if (isExcused()) return
  later(world, chain, () => {
    if (isExcused()) return
    throw new Violation('S2', 'a replay ended the chain, and no event tells of it')
  })
}

/** Checks a chain when whatever is under way has ended, unless something goes wrong before. */
function later(world: World, chain: Chain, check: () => void): void {
  const { timeline, kind } = world
  const begunAtMs = timeline.nowMs
  if (chain.troubledUntilMs >= begunAtMs) return
  void timeline.sleep(limitMs(kind)).then(() => {
    if (chain.troubledUntilMs < begunAtMs) guard(world, chain, check)
  })
}
