import type { TokenSet } from '../../core/token-set.ts'
import { createRefresher } from '../../runtime/refresher.ts'
import type { Refresher } from '../../runtime/refresher.ts'
import { randomFrom } from '../authorization-server/numbers.ts'
import { heldStore } from '../held-store.ts'
import { inOwnProcess } from '../schedule.ts'
import type { Process } from '../schedule.ts'
import { Violation } from '../invariants.ts'
import { isUndisturbed } from './observed.ts'
import type { FuzzCall, Simulated, World } from './observed.ts'
import type { Store } from '../../ledger/store.ts'
import type { FetchOnce } from '../../transport/send.ts'
import type { StoreFault } from '../held-store.ts'
import type { CallPlan, WorkerPlan } from './plan.ts'
import { MARK, refuseSecrets } from './secrets.ts'

/** An audience that no server of these tests knows. */
const UNKNOWN_AUDIENCE = 'https://unknown.example'

/** The world as a worker needs it. */
export interface WorkerContext {
  readonly world: World
  readonly simulated: Simulated
  readonly store: Store
  /** The name of this world, which no other has. */
  readonly name: string
  readonly fetchOf: (worker: Process) => FetchOnce
  readonly nextStoreFault: () => StoreFault | undefined
  readonly guard: (check: () => void) => void
  /** Set by the plan, for the worker of this number, milliseconds. */
  readonly clockOffsetMs: (worker: number) => number
  readonly tick: () => number
  /** Whether nothing goes wrong any more. */
  readonly isCalm: () => boolean
}

/** A worker and its storage: it makes its calls round by round. */
export interface Worker {
  begin(calls: (worker: WorkerPlan) => readonly CallPlan[]): void
  isDone(): boolean
}

export function workerOf(around: WorkerContext, plan: WorkerPlan, number: number): Worker {
  const { world, guard, tick } = around
  const { schedule, story, handedOut } = world
  const process = schedule.process(`worker ${number}`, plan.diesAt)
  const refresher = refresherOf(around, process, number)
  const first = handedOut[0]!
  let own = first
  let running = 0
  let forged = 0

  async function once({ does, from }: CallPlan): Promise<void> {
    await process.step(`${does}s`)
    const set = from === 'own' ? own : from === 'newest' ? handedOut.at(-1)! : older(from)
    if (does === 'forge') return forge(set)
    const { grant, ...bare } = set
    const { carries = world.plan.carries } = plan
    const came: TokenSet = carries && grant !== undefined ? { ...bare, grant } : bare
    const call: FuzzCall = {
      worker: process,
      came,
      startedAtMs: schedule.nowMs,
      beganAtMs: schedule.nowMs,
      startedAt: tick(),
      pausedMs: 0,
      isAlone: true,
    }
    const others = world.calls.filter((each) => each.worker === process && isInTheAir(each))
    for (const each of [...others, ...(others.length > 0 ? [call] : [])]) each.isAlone = false
    world.calls.push(call)
    story.tell(process.name, `${WORDS[does]} ${story.nameOf(came.refreshToken)}`)
    await (does === 'revoke' ? signOut(call) : refresh(call, does))
  }

  const older = (index: number): TokenSet => handedOut[index % handedOut.length]!

  /** Nothing is served to a made-up token, and the judge sees that it ends no chain. */
  async function forge({ grant }: TokenSet): Promise<void> {
    const [secret, generation = 0, ...proof] = grant?.split('.') ?? []
    const made = `made up ${tick()}`
    story.tell(process.name, WORDS.forge)
    const outcome = await refresher.refresh({
      accessToken: made,
      refreshToken: made,
      expiresAtMs: 0,
      ...(secret && {
        grant: [secret, Number(generation) + (forged += 1) - 2, ...proof].join('.'),
      }),
    })
    guard(() => {
      if (outcome.usable) throw new Violation('S2', 'a made-up token is served')
    })
  }

  async function signOut(call: FuzzCall): Promise<void> {
    world.isSignOutBegun = true
    const outcome = await refresher.revoke(call.came)
    call.endedAt = tick()
    const { ended, revoked, error } = outcome
    const how = ended ? `ended here${revoked ? ' and at the server' : ''}` : error?.code
    story.tell(process.name, `is told: the grant is ${how}`)
    if (ended) world.signedOut ??= { tick: call.endedAt, outcome }
    guard(() => refuseSecrets(error, 'an error'))
    guard(() => world.judge.signedOut(outcome))
  }

  async function refresh(call: FuzzCall, does: CallPlan['does']): Promise<void> {
    const outcome = await refresher.refresh(call.came, {
      ...(does === 'force' && { refused: true }),
      ...(does === 'ask' && { resource: UNKNOWN_AUDIENCE }),
    })
    call.outcome = outcome
    call.endedAtMs = schedule.nowMs
    call.endedAt = tick()
    const { state, error, tokens, accessToken, needsSignIn, changed } = outcome
    const what = error === undefined ? `with ${story.nameOf(accessToken)}` : `(${error.code})`
    const then = needsSignIn ? ', and to sign in again' : ''
    story.tell(process.name, `is told: ${state} ${what}${then}`)
    handedOut.push(tokens)
    guard(() => refuseSecrets(error, 'an error'))
    guard(() => world.judge.returned(call))
    guard(() => {
      if (error?.code !== 'lost' || !isUndisturbed(world)) return
      throw new Violation('P2', 'a token is called lost, and nothing went wrong')
    })
    if (around.isCalm() && does === 'refresh' && world.revokedAt === undefined) {
      guard(() => world.judge.calmed(call, process.name))
    }
    if (state === 'revoked') world.revokedAt ??= call.endedAt
    if (changed && plan.saves) own = tokens
  }

  return {
    begin(calls) {
      for (const call of calls(plan)) {
        running += 1
        void once(call).finally(() => (running -= 1))
      }
    },
    isDone: () => process.isDead || running === 0,
  }
}

const isInTheAir = ({ endedAt }: FuzzCall): boolean => endedAt === undefined

const WORDS: Readonly<Record<CallPlan['does'], string>> = {
  refresh: 'refreshes with',
  force: 'was refused by an API, and refreshes with',
  ask: 'asks for an audience that nobody knows, with',
  revoke: 'signs out with',
  forge: 'comes with made-up tokens, and the name of the chain',
}

function refresherOf(
  { world, simulated, store, name, fetchOf, nextStoreFault, guard, clockOffsetMs }: WorkerContext,
  process: Process,
  number: number,
): Refresher {
  const { provider, client, requestTimeoutMs, library } = simulated
  const { storeTimeoutMs } = world.plan
  const create = library?.createRefresher ?? createRefresher
  const leak = (): void =>
    guard(() => {
      throw new Violation('S1', 'a row of the ledger shows a token')
    })
  const { clock } = process
  return inOwnProcess(() =>
    create({
      provider,
      // Pauses that a server asks for are remembered by client.
      client: { ...client, id: `${client.id}-${name}` },
      ledger: {
        store: heldStore(store, process, { nextFault: nextStoreFault, mark: MARK, onLeak: leak }),
      },
      fetch: fetchOf(process),
      clock: { ...clock, now: () => clock.now() + clockOffsetMs(number) },
      random: randomFrom(number),
      refusedFloorMs: 0,
      // A fault of the network is one of a presentation.
      checkPathAfterMs: Infinity,
      timeouts: {
        requestMs: requestTimeoutMs,
        ...(storeTimeoutMs !== undefined && { storeMs: storeTimeoutMs }),
      },
      onEvent(event) {
        world.events.push(event)
        if (event.type === 'handed_over') {
          guard(() => {
            if (!isUndisturbed(world)) return
            throw new Violation('P3', 'a set bypasses the ledger, which could be written')
          })
          world.happened.add('handed over')
        }
        if (event.type === 'reuse_detected') world.story.tell(process.name, 'meets a replay')
        guard(() => refuseSecrets(event, 'an event'))
      },
    }),
  )
}
