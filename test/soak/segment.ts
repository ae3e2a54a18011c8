import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/core/clock.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { startBackend, type Backend, type BackendKind } from '../processes/backends.ts'
import { startMember, type Member } from '../processes/fleet.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { Server } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'
import { newLane, playLane, type Lane, type Stage } from './lane.ts'
import { LANES, planOf, PROCESSES, type Round, type Trouble } from './plan.ts'
import type { Tally } from './tally.ts'
import { TIMES } from './times.ts'

/** A database that keeps what it acknowledged when it is killed; files have no server. */
async function durable(kind: BackendKind): Promise<Backend & { readonly server?: Server }> {
  if (kind !== 'redis' && kind !== 'postgres') return startBackend(kind)
  const server = await (kind === 'redis'
    ? startRedis({ appendfsync: 'always' })
    : startPostgres({ fsync: 'on' }))
  return { spec: { kind, url: server.url }, server, [Symbol.asyncDispose]: server.stop }
}

/** Plays one segment, until its plan or the time is over, or it found something. */
export async function playSegment(
  kind: BackendKind,
  { seed, segment }: { readonly seed: number; readonly segment: number },
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  await using database = await durable(kind)
  await using server = await startOidcServer({
    accessTokenMs: 3_600_000,
    latency: { before: 10, after: 10 },
  })
  const start = (): Promise<Member> =>
    startMember({
      store: database.spec,
      issuer: server.issuer,
      clientId: server.clients.public.id,
      options: TIMES,
    })
  const processes = await Promise.all(Array.from({ length: PROCESSES }, start))
  const { violations } = tally
  const before = violations.length
  let number = 0
  const stage: Stage = {
    server,
    processes,
    tally,
    signIn: async () => tokenSetOf(await server.signIn(), systemClock),
    complain: (what) => {
      violations.push(`${kind}, seed ${seed}, segment ${segment}, round ${number}: ${what}`)
    },
  }
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, i) => newLane(stage, i > 0)))

  for (const round of planOf(seed, segment, database.server !== undefined)) {
    if (isOver() || violations.length > before) break
    await playRound(stage, lanes, round, start, database.server)
    number += 1
    tally.rounds += 1
    const { presentedTwice, reuses, atOnceMax } = server.counts()
    if (presentedTwice + reuses > 0 || atOnceMax > 1) stage.complain('presented twice')
  }
  const { presentations, presentedTwice, faults } = server.counts()
  tally.presentations += presentations
  tally.presentedTwice += presentedTwice
  tally.faults += faults
  await Promise.all(processes.map((each) => each.stop()))
}

async function playRound(
  stage: Stage,
  lanes: Lane[],
  round: Round,
  start: () => Promise<Member>,
  database: Server | undefined,
): Promise<void> {
  stage.server.faults.next(...round.faults)
  const undo = await begin(round.trouble, stage, start, database)
  const settle = await Promise.all(
    lanes.map((lane, index) => playLane(stage, lane, round.lanes[index]!, round)),
  )
  await undo()
  // Now that everybody is there again, what came of the chains is looked at.
  await Promise.all(
    settle.map(async (next, index) => {
      lanes[index] = await next()
    }),
  )
}

/** Lets trouble happen while a round is played. Gives what makes up for it. */
async function begin(
  trouble: Trouble,
  { processes, tally }: Stage,
  start: () => Promise<Member>,
  database: Server | undefined,
): Promise<() => Promise<void>> {
  if (trouble.kind === 'none') return async () => {}
  if (trouble.kind === 'database') {
    tally.databaseKills += 1
    const over = sleep(trouble.afterMs)
      .then(() => database!.kill())
      .then(() => sleep(trouble.forMs))
      .then(() => database!.restart())
    return () => over
  }
  const { process, at } = trouble
  const victim = processes[process]!
  if (trouble.kind === 'kill') {
    tally.kills += 1
    await victim.arm({ at, signal: 'SIGKILL' })
    return async () => {
      // If it did not come so far, it is killed in peace.
      await victim.stop()
      processes[process] = await start()
    }
  }
  tally.freezes += 1
  await victim.arm({ at, signal: 'SIGSTOP' })
  const woken = sleep(trouble.forMs).then(() => wake(victim))
  return () => woken
}

/** Wakes a process, and lets it freeze no more. */
async function wake(victim: Member): Promise<void> {
  const disarmed = victim.arm({ at: -1, signal: 'SIGSTOP' }).then(() => true)
  do {
    victim.wake()
  } while (!(await Promise.race([disarmed, sleep(20)])))
}
