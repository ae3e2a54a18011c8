import { failedPresentation } from '../../src/core/failure.ts'
import type { Presentation } from '../../src/core/failure.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Tokens } from '../../src/core/tokens.ts'
import { fromStored, merge } from '../../src/ledger/stored-token-set.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import {
  claim,
  maySend,
  reject,
  revoke,
  see,
  takeClaim,
  settle,
  UNSEEN,
  wayInMs,
  writeOff,
} from '../../src/ledger/protocol/index.ts'
import type {
  Next,
  Operation,
  ChainPosition,
  Settlement,
  LedgerView,
} from '../../src/ledger/protocol/index.ts'
import type { ClaimRow, GrantRow } from '../../src/ledger/rows.ts'
import { received, settlementOf } from '../../src/ledger/settlement.ts'
import { claimOutput, nameOf, reloadOutput, settleOutput } from '../../src/runtime/outputs.ts'
import { placeWithProof, refOf, withProofs } from './proofs.ts'
import { meetsDemand } from '../../src/runtime/actors/claim.ts'
import { answersOf, generationOf, isForgiving, revokeAtServer } from './authorization-server.ts'
import { begin, elapsed, ended, SETTLED } from './chart.ts'
import type { Output, Position } from './chart.ts'
import { describeEnd } from './outcomes.ts'
import { checkEnd, checkSend } from './properties.ts'
import type {
  Activity,
  Claimed,
  Config,
  Cookie,
  Ended,
  Fault,
  Found,
  Pending,
  Run,
  Task,
  Waiting,
  Work,
  World,
} from './world.ts'

export type Step = readonly [label: string, world: World]

/** Who does something: a worker, or a revocation. */
type Who = { readonly kind: 'worker' | 'task'; readonly index: number }

/** Everything that can happen next. */
export function* stepsOf(world: World, config: Config): Generator<Step> {
  let isStuck = true
  for (const step of eventsOf(world, config)) {
    isStuck = false
    yield step
  }
  const waits = [...world.tasks, ...world.workers.map(({ run }) => run)]
  if (isStuck && waits.some((waiting) => waiting?.activity?.doing === 'wait')) {
    yield ['time passes', { ...world, now: world.now + config.policy.claimMs }]
  }
}

function* eventsOf(world: World, config: Config): Generator<Step> {
  for (const index of world.workers.keys()) yield* workerSteps(world, config, index)
  for (const [index, task] of world.tasks.entries()) {
    yield* activitySteps(world, config, { kind: 'task', index }, task.activity)
  }
  yield* worldSteps(world, config)
}

function* workerSteps(world: World, config: Config, index: number): Generator<Step> {
  const worker = world.workers[index]!
  const name = `worker ${index}`
  if (worker.run === undefined) {
    if (worker.calls === 0) return
    for (const cookie of worker.forges === true ? forgedCookies(world) : [worker.cookie]) {
      const called = call(withWorker(world, index, { ...worker, cookie }), config, index)
      const beside = worker.forges === true ? ` with ${JSON.stringify(cookie.place)}` : ''
      if (called !== undefined) yield [`${name} calls${beside}`, called]
    }
    return
  }
  const { position, activity } = worker.run
  if (position.state === 'expiring.backingOff') {
    const next = elapsed(position, 'backoff')
    yield [`${name} has backed off`, proceed(world, config, index, next)]
  } else {
    yield* activitySteps(world, config, { kind: 'worker', index }, activity!)
  }
  const crash = (crashed: World, how: string): Step => {
    const { run: _, ...rest } = worker
    return [`${name} crashes${how}`, withWorker(crashed, index, rest)]
  }
  for (const faulty of fault(world, 'crash')) {
    if (activity?.doing !== 'fly') yield crash(faulty, '')
    else {
      const spent = doubted(faulty, activity.work.refreshToken)
      if (isForgiving(config)) {
        yield crash(leftLate(spent, config, activity), '')
        continue
      }
      yield crash(spent, ', nothing arrived')
      for (const [how, answered] of answersOf(spent, config, activity.work.refreshToken)) {
        yield crash(answered, `, ${how}`)
      }
    }
  }
}

/** Sets whose tokens are made up, beside names that are made of the first worker's. */
function forgedCookies({ workers }: World): Cookie[] {
  const held = workers[0]!.cookie.place
  if (held === undefined) return []
  const { grant, generation } = held
  const proofs = new Set([undefined, held.proof, `${held.proof?.slice(0, 4)}made up`])
  return [generation - 1, generation, generation + 1]
    .filter((forged) => forged >= 0)
    .flatMap((forged) =>
      [...proofs].map((proof) => ({
        refreshToken: 'x',
        accessToken: 'ax',
        obtainedAtMs: -100,
        place: { grant, generation: forged, ...(proof !== undefined && { proof }) },
      })),
    )
}

/** Starts a call, unless the set is fresh or cannot be renewed. */
export function call(world: World, config: Config, index: number): World | undefined {
  const worker = world.workers[index]!
  const { cookie } = worker
  if (cookie.refreshToken === undefined) return undefined
  const position = begin({
    demand: { audience: '', aheadMs: config.aheadMs },
    budgetMs: 5,
    maxAdoptions: 4,
    recheckMs: 1,
    tokens: tokensOf(cookie, config),
    ...(cookie.place !== undefined && { position: refOf(cookie.place, cookie.place.proof) }),
    nowMs: world.now,
  })
  if (position.state === 'fresh.ageing') return undefined
  const run: Run = { position, activity: undefined, cookie, startedAt: world.now }
  const started = withWorker(world, index, { ...worker, calls: worker.calls - 1, run })
  return proceed(started, config, index, position)
}

function tokensOf({ refreshToken, accessToken, obtainedAtMs }: Cookie, config: Config): Tokens {
  return {
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    access: new Map([
      [
        '',
        {
          token: new Secret(accessToken),
          obtainedAtMs,
          expiresAtMs: obtainedAtMs + config.lifetimeMs,
        },
      ],
    ]),
  }
}

/** The chart has moved: invokes what it invokes there, or ends the call. */
function proceed(world: World, config: Config, index: number, position: Position): World {
  const worker = world.workers[index]!
  const { context, state } = position
  const run = { ...worker.run!, position: stripped(position), activity: undefined }
  const at = (changed: World, activity: Activity): World =>
    withWorker(changed, index, { ...worker, run: { ...run, activity } })
  const who: Who = { kind: 'worker', index }
  if (SETTLED.has(state)) return endCall(world, config, index, run)
  switch (state) {
    case 'expiring.backingOff':
      return withWorker(world, index, { ...worker, run })
    case 'expiring.claiming': {
      const { refreshToken } = context.tokens
      if (refreshToken === undefined) {
        const output: Output = {
          type: 'failed',
          problem: { code: 'no_refresh_token' },
          nowMs: world.now,
          elapsedMs: 0,
        }
        return proceed(
          withWorker(world, index, { ...worker, run }),
          config,
          index,
          ended(position, output),
        )
      }
      const work: Work = {
        claimId: `k${index}.${worker.claims}`,
        refreshToken: refreshToken.expose(),
        startedAt: world.now,
        ...(context.position !== undefined && { name: nameOf(context.position) }),
      }
      const claiming = withWorker(world, index, { ...worker, claims: worker.claims + 1, run })
      return ask(claiming, config, who, 'claim', work, UNSEEN)
    }
    case 'expiring.following':
      return at(world, { doing: 'wait', ...context.watch! })
    case 'refreshing.presenting': {
      const { view, work } = context.claim!
      return at(world, { doing: 'send', view, work })
    }
    case 'refreshing.settling': {
      const { view, work } = claimedIn(worker)
      const ended = endedOf(world, config, position)
      const settling = withWorker(world, index, { ...worker, run })
      return ask(settling, config, who, 'settle', { ...work, ended }, view)
    }
    case 'refreshing.reloading': {
      const { view, work } = claimedIn(worker)
      const reloading = withWorker(world, index, { ...worker, run })
      return ask(reloading, config, who, 'reject', work, { ...view, grants: {} })
    }
    default:
      throw new Error(`the explorer knows no ${state}`)
  }
}

/** The claim of a worker, with what it has seen since. */
function claimedIn({ run }: World['workers'][number]): Claimed {
  const { activity } = run!
  if (activity === undefined || activity.doing === 'wait') throw new Error('there is no claim')
  return activity
}

/** How the presentation ended that the chart goes on to settle. */
function endedOf(world: World, config: Config, { context }: Position): Ended {
  const { sending, tokens } = context
  if (sending === undefined) return { settlement: { type: 'unspent' } }
  const { presentation } = sending
  const moment = { hostNowMs: world.now, storeNowMs: world.now }
  const settlement = settlementOf(presentation, tokens, '', PROVIDERS[config.as], moment)
  return { presentation, settlement }
}

/** Without what the activity holds as well: it would only make equal worlds look different. */
function stripped({ state, context }: Position): Position {
  const { claim: _, watch: __, sending: ___, firstSentAtMs: ____, ...rest } = context
  return { state, context: rest }
}

type Asking = Extract<Activity, { pending: unknown }>['doing']

/** Asks the shipped protocol what is next. */
function ask(
  world: World,
  config: Config,
  who: Who,
  doing: Asking,
  work: Work,
  seen: LedgerView<StoredTokenSet>,
): World {
  const view = withProofs(seen, work)
  const next = nextOf(world, config, who, doing, work, view)
  if (next.type === 'answer') return answered(world, config, who, doing, work, view, next.answer)
  const pending = next.operations.map((operation): Pending => ({
    operation,
    key: rowKey(operation, work),
  }))
  return withActivity(world, who, { doing, view, pending, work })
}

function nextOf(
  world: World,
  config: Config,
  who: Who,
  doing: Asking,
  work: Work,
  view: LedgerView<StoredTokenSet>,
): Next<StoredTokenSet, { type: string }> {
  const { claimId, place, name } = work
  const newGrant = `G${claimId}`
  const { policy } = config
  const revocation = {
    claimId,
    newGrant,
    claimMs: policy.claimMs,
    ...(name !== undefined && { name }),
  }
  if (doing === 'revoke') return revoke(revocation, view)
  if (doing === 'takeClaim') return takeClaim(revocation, place!, view)
  const { run } = world.workers[who.index]!
  const { context } = run!.position
  if (doing === 'writeOff') return writeOff(work.askedAt!, view)
  if (doing === 'reject') return reject({ position: place!, claimId, name }, 'rejected', view)
  if (doing === 'claim') {
    return claim(
      {
        claimId,
        newGrant,
        policy,
        ...(name !== undefined && { name }),
        ...(work.askedAt !== undefined && { goodAt: work.askedAt }),
        ...(context.callerGeneration !== undefined && {
          callerGeneration: context.callerGeneration,
        }),
        ...(context.beganAtMs !== undefined && { beganAtMs: context.beganAtMs }),
        meetsDemand: (set, nowMs) =>
          meetsDemand(set, context.demand, { hostNowMs: nowMs, storeNowMs: nowMs }),
      },
      view,
    )
  }
  const settlement: Settlement<StoredTokenSet> =
    doing === 'dispose' ? { type: 'disposed' } : work.ended!.settlement
  return settle(
    {
      claimId,
      position: place!,
      isCallersToken: context.isCallersToken,
      hasGrantField: context.hasGrantField,
      policy,
      merge: (known, received) => merge(known, received, 'lives'),
    },
    settlement,
    view,
  )
}

function rowKey(operation: Operation<StoredTokenSet>, work: Work): string {
  if (operation.on === 'grant') return `g:${operation.grant}`
  if (operation.on === 'claim') return `c:${work.refreshToken}`
  return `c:${received(work.ended!.settlement)!.refreshToken!}`
}

/** A procedure has its answer: on with the chart, or with the task. */
function answered(
  world: World,
  config: Config,
  who: Who,
  doing: Asking,
  work: Work,
  view: LedgerView<StoredTokenSet>,
  answer: { type: string },
): World {
  const moment = { hostNowMs: world.now, storeNowMs: world.now }
  if (who.kind === 'task') return taskAnswered(world, config, who, work, view, answer)
  const { run } = world.workers[who.index]!
  const times = {
    nowMs: world.now,
    elapsedMs: 0,
    ...(view.beganAtMs !== undefined && { beganAtMs: view.beganAtMs }),
  }
  const go = (output: Omit<Output, 'nowMs' | 'elapsedMs'>, changed = world): World =>
    proceed(changed, config, who.index, ended(run!.position, { ...output, ...times } as Output))
  switch (doing) {
    case 'claim': {
      const told = answer as Parameters<typeof claimOutput>[0]
      if (told.type === 'ask' && work.askedAt === undefined) {
        const asked: Work = { ...work, place: told.position, askedAt: view.claim!.version }
        return withActivity(world, who, { doing: 'question', view, work: asked })
      }
      const claimed: Work = { ...work, place: told.position }
      const buried = told.type === 'ended' ? bury(world, config, run!, told) : world
      const row = view.claim?.row
      const watch: Waiting = {
        work: claimed,
        claim: view.claim?.version ?? 0,
        grant: view.grants[told.position.grant]?.version ?? 0,
        until: (view.claim?.writtenAtMs ?? 0) + (row?.kind === 'claimed' ? row.claimMs : 0),
      }
      const set = 'set' in told ? told.set : undefined
      const token = set === undefined ? work.refreshToken : set.refreshToken
      const output = claimOutput(told, {
        moment,
        view,
        ref: placeWithProof(told.position, token, view),
        claim: () => ({ view, work: claimed }),
        watch: () => watch,
        blocked: { type: 'failed', problem: { code: 'internal' } },
      })
      return go(output, buried)
    }
    case 'settle': {
      const { presentation } = work.ended!
      if (presentation === undefined) return go({ type: 'restarted' })
      if (answer.type === 'ended') return withActivity(world, who, { doing: 'discard', view, work })
      const told = answer as Parameters<typeof settleOutput>[0]
      const rejected = withActivity(world, who, { doing: 'settle', view, pending: [], work })
      return go(
        settleOutput(told, {
          presentation,
          view,
          moment,
          ref: placeWithProof(
            'position' in told ? told.position : work.place!,
            'set' in told ? told.set.refreshToken : undefined,
            view,
          ),
          isReplayable: false,
          isSpent: work.ended!.settlement.type === 'spent',
          wayInMs: wayInMs(view, config.policy),
          againMs: () => 1,
          backoffMs: () => 1,
        }),
        presentation.outcome === 'rejected' ? rejected : world,
      )
    }
    case 'dispose':
      return go({ type: 'ended', problem: { code: 'revoked' } } as never)
    case 'writeOff':
      return go(LOST)
    default: {
      const told = answer as Parameters<typeof reloadOutput>[0]
      const token = 'set' in told ? told.set.refreshToken : undefined
      const ref = placeWithProof(told.position, token, view)
      return go(reloadOutput(told, moment, ref, view))
    }
  }
}

const LOST = { type: 'failed', problem: { code: 'lost' } } as const

/** A chain was found ended, and something of it may still live: it is revoked in the background. */
function bury(
  world: World,
  config: Config,
  run: Run,
  told: Extract<Parameters<typeof claimOutput>[0], { type: 'ended' }>,
): World {
  const noted =
    told.isEndedHere && world.endedAt === undefined
      ? { ...world, endedAt: world.now, endedBy: 'replay' as const }
      : world
  const { refreshToken } = run.position.context.tokens
  const own: StoredTokenSet = {
    refreshToken: refreshToken!.expose(),
    access: [...run.position.context.tokens.access].map(([audience, { token }]) => [
      audience,
      { token: token.expose(), grantedAtMs: 0 },
    ]),
  }
  const newest = told.isOrphaned ? own : told.isEndedHere ? told.set : undefined
  if (newest?.refreshToken === undefined) return noted
  const taking: Work = {
    claimId: `t${noted.tasks.length}`,
    refreshToken: newest.refreshToken,
    startedAt: noted.now,
    place: told.position,
    newest,
  }
  const added = addTask(noted, {
    reason: 'burial',
    activity: { doing: 'takeClaim', view: UNSEEN, pending: [], work: taking },
  })
  return ask(
    added,
    config,
    { kind: 'task', index: added.tasks.length - 1 },
    'takeClaim',
    taking,
    UNSEEN,
  )
}

function taskAnswered(
  world: World,
  config: Config,
  who: Who,
  work: Work,
  view: LedgerView<StoredTokenSet>,
  answer: { type: string },
): World {
  switch (answer.type) {
    case 'ended': {
      const { position: place, set } = answer as unknown as {
        position: ChainPosition
        set?: StoredTokenSet
      }
      const newest = set ?? work.newest!
      const { name: _, ...rest } = work
      const next: Work = {
        ...rest,
        place,
        newest,
        refreshToken: newest.refreshToken ?? work.refreshToken,
      }
      const noted =
        world.endedAt === undefined
          ? { ...world, endedAt: world.now, endedBy: 'sign-out' as const }
          : world
      return ask(noted, config, who, 'takeClaim', next, UNSEEN)
    }
    case 'taken':
      return withActivity(world, who, { doing: 'tell', view, work })
    case 'elsewhere': {
      const { position: place } = answer as unknown as { position: ChainPosition }
      return ask(world, config, who, 'revoke', { ...work, place }, UNSEEN)
    }
    default: {
      const row = view.claim!.row
      return withActivity(world, who, {
        doing: 'wait',
        work,
        claim: view.claim!.version,
        grant: view.grants[work.place!.grant]?.version ?? 0,
        until: view.claim!.writtenAtMs + (row?.kind === 'claimed' ? row.claimMs : 0),
      })
    }
  }
}

function* activitySteps(
  world: World,
  config: Config,
  who: Who,
  activity: Activity,
): Generator<Step> {
  const name =
    who.kind === 'worker' ? `worker ${who.index}` : `${world.tasks[who.index]!.reason} ${who.index}`
  const { work } = activity
  switch (activity.doing) {
    case 'send': {
      const elapsedMs = world.now - work.startedAt
      if (!maySend(elapsedMs, activity.view, config.policy, config.requestTimeoutMs)) {
        const { position } = world.workers[who.index]!.run!
        const late = ended(position, { type: 'overdue', nowMs: world.now, elapsedMs: 0 })
        yield [
          `${name} is too late to send ${work.refreshToken}`,
          proceed(world, config, who.index, late),
        ]
        return
      }
      checkSend(world, config, who.index, work.refreshToken)
      const isAgain = world.presented[work.refreshToken] !== undefined
      const presented = {
        ...world.presented,
        [work.refreshToken]: isAgain ? ('taken over' as const) : ('flying' as const),
      }
      const sentAt = isForgiving(config) && { sentAt: world.now }
      yield [
        `${name} sends ${work.refreshToken}`,
        withActivity({ ...world, presented }, who, { ...activity, doing: 'fly', ...sentAt }),
      ]
      return
    }
    case 'fly':
      if (isForgiving(config)) yield* forgivingSteps(world, config, who, activity, name)
      else yield* flySteps(world, config, who, activity, name)
      return
    case 'question':
      yield* questionSteps(world, config, who, activity, name)
      return
    case 'discard': {
      yield [
        `${name} revokes what it received`,
        ask(
          revokeAtServer(world, received(work.ended!.settlement)!),
          config,
          who,
          'dispose',
          work,
          activity.view,
        ),
      ]
      return
    }
    case 'tell': {
      const told = revokeAtServer(world, work.newest!)
      const tasks = told.tasks.filter((_, index) => index !== who.index)
      yield [
        `${name} tells the AS`,
        {
          ...told,
          tasks,
          isSignedOut: told.isSignedOut || world.tasks[who.index]!.reason === 'sign-out',
        },
      ]
      return
    }
    case 'wait': {
      const claim = world.rows[`c:${work.refreshToken}`]?.version ?? 0
      const grant = world.rows[`g:${work.place!.grant}`]?.version ?? 0
      if (claim === activity.claim && grant === activity.grant && world.now < activity.until) return
      if (who.kind === 'task')
        yield [`${name} looks again`, ask(world, config, who, 'takeClaim', work, UNSEEN)]
      else {
        const { run } = world.workers[who.index]!
        const output: Output = { type: 'changed', nowMs: world.now, elapsedMs: 0 }
        yield [
          `${name} looks again`,
          proceed(world, config, who.index, ended(run!.position, output)),
        ]
      }
      return
    }
    default:
      yield* operationSteps(world, config, who, activity, name)
  }
}

/** The AS looks at the token in one step, and its answer arrives in another. */
function* questionSteps(
  world: World,
  config: Config,
  who: Who,
  activity: Extract<Activity, { doing: 'question' }>,
  name: string,
): Generator<Step> {
  const { work, view, says } = activity
  const { position } = world.workers[who.index]!.run!
  if (says === undefined) {
    const found = world.refreshTokens[work.refreshToken] === 'live' ? 'active' : 'inactive'
    yield [`the AS tells ${name}: ${found}`, withActivity(world, who, { ...activity, says: found })]
  } else if (says === 'active') {
    const claiming = { ...work, startedAt: world.now }
    yield [`${name} learns that it is good`, ask(world, config, who, 'claim', claiming, view)]
  } else {
    yield [`${name} learns that it is dead`, ask(world, config, who, 'writeOff', work, view)]
  }
  for (const faulty of fault(world, 'lost answer')) {
    const unknown = { ...LOST, nowMs: world.now, elapsedMs: 0 } as const
    yield [`${name} learns nothing`, proceed(faulty, config, who.index, ended(position, unknown))]
  }
}

type Flying = Extract<Activity, { doing: 'fly' }>

/** The token may be spent from now on, as far as a holder can know. */
function doubted(world: World, token: string): World {
  const isAgain = world.presented[token] === 'taken over'
  const presented = {
    ...world.presented,
    [token]: isAgain ? ('taken over' as const) : ('maybe spent' as const),
  }
  return { ...world, presented }
}

/** A presentation that provably never arrived leaves the token as it was before. */
function afterAnswer(world: World, token: string, { outcome }: Presentation): World {
  if (outcome !== 'deferred') return doubted(world, token)
  const { [token]: before, ...others } = world.presented
  return before === 'taken over'
    ? { ...world, presented: { ...others, [token]: 'maybe spent' } }
    : { ...world, presented: others }
}

/** The sender has given up, and the server may handle the request yet. */
function leftLate(world: World, config: Config, { work, sentAt, answer }: Flying): World {
  if (answer !== undefined) return world
  const late = { token: work.refreshToken, untilMs: sentAt! + config.settlesWithinMs }
  return { ...world, late: [...(world.late ?? []), late] }
}

/** A presentation has ended for its holder. */
function endOf(
  world: World,
  config: Config,
  who: Who,
  { work }: Flying,
  presentation: Presentation,
): World {
  const token = work.refreshToken
  const { position } = world.workers[who.index]!.run!
  // What the AS did, and what the holder can know; not what our code makes of it.
  const isKnown = presentation.outcome !== 'unknown' && presentation.outcome !== 'refused'
  const isClean = isKnown && world.refreshTokens[token] === 'live'
  const { [token]: _, ...others } = world.presented
  const known = isForgiving(config)
    ? afterAnswer(world, token, presentation)
    : isClean
      ? { ...world, presented: others }
      : doubted(world, token)
  const times = { nowMs: world.now, elapsedMs: 0 }
  const sending = { presentation, sentAtMs: work.startedAt, endedAtMs: world.now }
  return proceed(known, config, who.index, ended(position, { type: 'sent', sending, ...times }))
}

/** The server handles a request in one step, and its answer arrives in another. */
function* forgivingSteps(
  world: World,
  config: Config,
  who: Who,
  activity: Flying,
  name: string,
): Generator<Step> {
  const { work, sentAt, answer } = activity
  const unknown = failedPresentation('unknown')
  const end = (changed: World, presentation: Presentation): World =>
    endOf(changed, config, who, activity, presentation)
  const isLate = world.now - work.startedAt >= config.policy.claimMs
  if (answer !== undefined) {
    yield [`the answer reaches ${name}`, end(world, answer)]
    for (const faulty of fault(world, 'lost answer'))
      yield [`the answer to ${name} is lost`, end(faulty, unknown)]
  } else if (world.now < sentAt! + config.settlesWithinMs) {
    for (const [how, after, presentation] of answersOf(world, config, work.refreshToken)) {
      const handled = withActivity(after, who, { ...activity, answer: presentation })
      yield [`the AS handles ${name}: ${how}`, handled]
    }
    for (const faulty of fault(world, 'lost answer')) {
      yield [`the request of ${name} is lost`, end(faulty, unknown)]
      const left = leftLate(faulty, config, activity)
      yield [`${name} hears no more, and the AS is at work`, end(left, unknown)]
    }
    for (const faulty of fault(world, 'deferred'))
      yield [`the AS defers ${name}`, end(faulty, failedPresentation('deferred'))]
  }
  if (isLate) yield [`${name} has stopped waiting`, end(leftLate(world, config, activity), unknown)]
}

function* flySteps(
  world: World,
  config: Config,
  who: Who,
  activity: Flying,
  name: string,
): Generator<Step> {
  const { work } = activity
  const token = work.refreshToken
  const end = (changed: World, presentation: Presentation): World =>
    endOf(changed, config, who, activity, presentation)
  const unknown = failedPresentation('unknown')
  const isLate = world.now - work.startedAt >= config.policy.claimMs
  for (const [how, after, presentation] of answersOf(world, config, token)) {
    yield [`the AS answers ${name}: ${how}`, end(after, presentation)]
    if (isLate) yield [`${name} has stopped waiting (${how})`, end(after, unknown)]
    for (const faulty of fault(after, 'lost answer'))
      yield [`the answer to ${name} is lost (${how})`, end(faulty, unknown)]
    if (config.as === 'consumes-first') {
      for (const faulty of fault(after, 'refused after')) {
        yield [
          `the AS consumes ${token} and refuses ${name}`,
          end(faulty, failedPresentation('refused_after')),
        ]
      }
    }
  }
  for (const faulty of fault(world, 'lost answer'))
    yield [`the request of ${name} is lost`, end(faulty, unknown)]
  for (const faulty of fault(world, 'deferred')) {
    yield [`the AS defers ${name}`, end(faulty, failedPresentation('deferred'))]
  }
}

const PROVIDERS = {
  strict: { rotation: 'always' },
  'consumes-first': { rotation: 'always' },
  kept: { rotation: 'sometimes' },
  sometimes: { rotation: 'sometimes' },
  omitted: { rotation: 'always' },
  never: { rotation: 'never', reuse: 'accepted' },
  accepted: { rotation: 'always', reuse: 'accepted' },
  'forking window': { rotation: 'always' },
  'sliding window': { rotation: 'always' },
  'idempotent window': { rotation: 'always' },
  'until used': { rotation: 'always', reuse: 'until_successor_used' },
  refused: { rotation: 'always', reuse: 'refused' },
  introspected: { rotation: 'always' },
} as const

function* operationSteps(
  world: World,
  config: Config,
  who: Who,
  activity: Extract<Activity, { pending: unknown }>,
  name: string,
): Generator<Step> {
  const { doing, pending, view, work } = activity
  if (world.isOut) {
    const given = giveUp(world, config, who, activity)
    if (given !== undefined) yield [`${name} gives up on the store`, given]
    return
  }
  for (const [index, { operation, key, found }] of pending.entries()) {
    if (found !== undefined) continue
    const label = `${name}: ${operation.do} ${key}`
    const [changed, seen] = perform(world, operation, key, who, work)
    const done = pending.map((other, i) => (i === index ? { ...other, found: seen } : other))
    yield [
      label,
      done.every((other) => other.found !== undefined)
        ? ask(
            changed,
            config,
            who,
            doing,
            work,
            done.reduce(
              (known, other) => see(known, other.operation, other.found!, config.policy.mayEvict),
              view,
            ),
          )
        : withActivity(changed, who, { ...activity, pending: done }),
    ]
    if (seen.swapped) {
      for (const faulty of fault(changed, 'lost acknowledgement'))
        yield [`${label}, unacknowledged`, withActivity(faulty, who, activity)]
    }
  }
}

function giveUp(
  world: World,
  config: Config,
  who: Who,
  { doing, work, view }: Extract<Activity, { pending: unknown }>,
): World | undefined {
  if (who.kind === 'task') return undefined
  const { run } = world.workers[who.index]!
  const times = { nowMs: world.now, elapsedMs: 0 }
  const go = (output: object): World =>
    proceed(world, config, who.index, ended(run!.position, { ...output, ...times } as Output))
  const problem = { code: 'store_unavailable' as const }
  if (doing === 'claim') return go({ type: 'failed', problem })
  if (doing === 'dispose') return go({ type: 'ended', problem: { code: 'revoked' } })
  if (doing === 'reject') return go({ type: 'ended', problem: { code: 'rejected' } })
  if (doing === 'writeOff') return go(LOST)
  const { settlement } = work.ended!
  if (settlement.type !== 'granted' || config.policy.takeOver.type === 'until_successor_used') {
    return go({ type: 'failed', problem })
  }
  const moment = { hostNowMs: world.now, storeNowMs: world.now }
  if (world.now - work.startedAt >= config.policy.claimMs) {
    return proceed(
      world,
      config,
      who.index,
      ended(run!.position, { type: 'failed', problem, ...times }),
    )
  }
  const generation = work.place!.generation + (settlement.rotated ? 1 : 0)
  const ref = placeWithProof(
    { ...work.place!, generation },
    settlement.set.refreshToken,
    view,
    work.claimId,
  )
  return go({ type: 'granted', tokens: fromStored(settlement.set, moment), position: ref })
}

/** What decides nothing tells no two worlds apart: the one client, and reasons. */
function unbound(row: ClaimRow | GrantRow<StoredTokenSet>): ClaimRow | GrantRow<StoredTokenSet> {
  if (!('kind' in row)) {
    const { evidence: _, ...others } = row
    return others
  }
  if (row.kind === 'claimed') {
    const { isBound: _, lostBy: __, ...others } = row
    return others
  }
  const { isBound: _, ...others } = row
  return others
}

function holdsToken(row: ClaimRow | GrantRow<StoredTokenSet> | undefined, token: string): boolean {
  return row !== undefined && !('kind' in row) && row.set?.refreshToken === token
}

/** An operation takes effect. */
function perform(
  world: World,
  operation: Operation<StoredTokenSet>,
  key: string,
  who: Who,
  work: Work,
): [World, Found] {
  const stands = world.rows[key]
  const nowMs = world.now
  const look = (state: typeof stands, swapped: boolean): Found => ({
    row: state?.row,
    version: state?.version ?? 0,
    writtenAtMs: state?.writtenAtMs ?? 0,
    nowMs,
    swapped,
    holdsToken: holdsToken(state?.row, work.refreshToken),
  })
  if (operation.do === 'read' || (stands?.version ?? 0) !== operation.expected)
    return [world, look(stands, false)]
  const state = { row: unbound(operation.row), version: operation.expected + 1, writtenAtMs: nowMs }
  const rows = { ...world.rows, [key]: state }
  const worker = who.kind === 'worker' ? world.workers[who.index] : undefined
  const isOwn = worker?.run?.cookie.refreshToken === work.refreshToken
  const isSettling =
    operation.on === 'grant' && !('ended' in operation.row && operation.row.ended !== undefined)
  const acknowledged =
    isSettling && isOwn
      ? [...world.acknowledged, [generationOf(work.refreshToken), nowMs] as const]
      : world.acknowledged
  return [{ ...world, rows, acknowledged }, look(state, true)]
}

function* worldSteps(world: World, config: Config): Generator<Step> {
  const { jumps } = config
  if (world.expiries > 0) {
    const aged: World = { ...world, now: world.now + jumps.expire, expiries: world.expiries - 1 }
    const isFault = jumps.expire >= config.policy.claimMs && !world.happened.includes('overdue')
    yield [
      'access tokens age',
      isFault ? { ...aged, happened: [...world.happened, 'overdue' as const].toSorted() } : aged,
    ]
  }
  for (const [index, { token, untilMs }] of (world.late ?? []).entries()) {
    const rest = { ...world, late: world.late!.filter((_, i) => i !== index) }
    yield [`a late request with ${token} is dropped`, rest]
    if (world.now >= untilMs) continue
    for (const [how, after] of answersOf(rest, config, token))
      yield [`the AS handles a late request with ${token}: ${how}`, after]
  }
  for (const faulty of fault(world, 'window'))
    yield ['windows pass', { ...faulty, now: world.now + config.windowMs }]
  for (const faulty of fault(world, 'overdue'))
    yield ['claims become overdue', { ...faulty, now: world.now + jumps.overdue }]
  for (const faulty of fault(world, 'stale'))
    yield ['holders become stale', { ...faulty, now: world.now + jumps.stale }]
  if (world.isOut) yield ['the store is back', { ...world, isOut: false }]
  else
    for (const faulty of fault(world, 'outage'))
      yield ['the store is out', { ...faulty, isOut: true }]
  for (const [key, { row }] of Object.entries(world.rows)) {
    if (!mayEvict(world, row)) continue
    const { [key]: _, ...rows } = world.rows
    for (const faulty of fault(world, 'evicted')) yield [`${key} is evicted`, { ...faulty, rows }]
  }
  for (const faulty of fault(world, 'revoke')) {
    const { cookie, carries } = world.workers[0]!
    const work: Work = {
      claimId: 'revocation',
      refreshToken: cookie.refreshToken ?? 'r0',
      startedAt: world.now,
      newest: {
        ...(cookie.refreshToken !== undefined && { refreshToken: cookie.refreshToken }),
        access: [['', { token: cookie.accessToken, grantedAtMs: 0 }]],
      },
      ...(cookie.place !== undefined && carries && { name: cookie.place }),
    }
    const added = addTask(faulty, {
      reason: 'sign-out',
      activity: { doing: 'revoke', view: UNSEEN, pending: [], work },
    })
    yield [
      'somebody signs out',
      ask(added, config, { kind: 'task', index: added.tasks.length - 1 }, 'revoke', work, UNSEEN),
    ]
  }
}

/** Evicting an unsettled claim breaks the promise under every rule (docs/decisions/0009). */
function mayEvict(world: World, row: World['rows'][string]['row']): boolean {
  if (!('kind' in row)) return true
  const outcome = world.rows[`g:${row.grant}`]?.row
  return outcome !== undefined && 'acknowledged' in outcome && outcome.generation > row.generation
}

function endCall(world: World, config: Config, index: number, run: Run): World {
  const worker = world.workers[index]!
  const { tokens, position } = run.position.context
  const access = tokens.access.get('')!
  checkEnd(world, config, run)
  const cookie: Cookie = {
    accessToken: access.token.expose(),
    obtainedAtMs: access.obtainedAtMs!,
    ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken.expose() }),
    ...(worker.carries && position !== undefined && { place: nameOf(position) }),
  }
  const { run: _, ...rest } = worker
  const isHanded = outcomeHands(run.position.state)
  const used = isHanded &&
    config.as === 'until used' && {
      usedGeneration: Math.max(
        world.usedGeneration ?? 0,
        generationOf(cookie.refreshToken ?? 'r0'),
      ),
    }
  const after = withWorker({ ...world, ...used }, index, worker.saves ? { ...rest, cookie } : rest)
  config.note?.(describeEnd(after, config, run))
  return after
}

/** Whether a call that ends here hands an access token to its caller, who uses it. */
function outcomeHands(state: string): boolean {
  return state.startsWith('rotated') || state === 'expiring.serving' || state === 'fresh.ageing'
}

/** The world in which one more fault has happened, if one may. */
function* fault(world: World, kind: Fault): Generator<World> {
  const left = world.faults[kind] ?? 0
  if (left === 0 || world.faultsLeft === 0) return
  yield {
    ...world,
    faults: { ...world.faults, [kind]: left - 1 },
    faultsLeft: world.faultsLeft - 1,
    happened: [...world.happened, kind].toSorted(),
  }
}

function withWorker(world: World, index: number, worker: World['workers'][number]): World {
  return { ...world, workers: world.workers.map((other, i) => (i === index ? worker : other)) }
}

function addTask(world: World, task: Task): World {
  return { ...world, tasks: [...world.tasks, task] }
}

function withActivity(world: World, who: Who, activity: Activity): World {
  if (who.kind === 'task') {
    return {
      ...world,
      tasks: world.tasks.map((task, i) => (i === who.index ? { ...task, activity } : task)),
    }
  }
  const worker = world.workers[who.index]!
  return withWorker(world, who.index, { ...worker, run: { ...worker.run!, activity } })
}
