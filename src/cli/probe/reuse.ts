import type { Chain, RenewalStep } from './chain.ts'
import type { Asking, Exchange, IsAlive } from './presenting.ts'
import { type Measured, NEEDS_GRANT, type Probing, type Rotation } from './rotation.ts'

/** After how many milliseconds a spent token is presented before any successor was. */
const EARLY_MS = [0, 300, 700, 1_200]

/** And later: between the lengths that people choose, so that one of them lies in each gap. */
const LATE_MS = [1_500, 2_500, 4_000, 7_000, 12_000, 17_000, 25_000, 37_000, 50_000, 65_000].concat(
  [100, 150, 240, 450, 750, 1_200, 2_500, 4_500].map((seconds) => seconds * 1_000),
)
const CHOSEN_MS = [
  1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000,
].concat([90, 120, 180, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * 1_000))

/** How often one spent token is presented, where each was taken: some servers count. */
const COUNTED = 4

/** How often a token may be kept before it is believed that none is ever replaced. */
const TRIES = 6

/** How long spent tokens are taken at most. */
export interface MeasuredReuse {
  readonly endsMs: number | 'unknown'
}

/** Presents spent tokens again, until one is refused. Mostly the end of the grant. */
export async function measureReuse(
  probing: Probing,
  isAlive: IsAlive | undefined,
): Promise<MeasuredReuse> {
  const { grants, record, tell } = probing
  // Seen alive before the replay: if it is dead afterwards, the replay was why.
  const other = await grants.beside()
  const spent = await spend(probing)
  if (typeof spent === 'string') {
    tell(...notMeasured(spent))
    return { endsMs: 'unknown' }
  }
  const { chain } = spent
  const seen: ReuseSeen = { taken: 0, atLeastMs: 0, why: 'the measuring stopped' }
  try {
    await watch(spent, seen, probing, isAlive)
  } finally {
    tell(...windowOf(seen, isAlive !== undefined))
  }
  const { refused, endedBy, atMostMs = 0, why } = seen
  if (refused === undefined) {
    tell({ axis: 'reuseEffect', says: `not measured: ${why}` })
    return { endsMs: 'unknown' }
  }
  record('rejected-spent', refused)
  tell(await effectOn(chain, other, isAlive))
  const isTimed = endedBy === undefined && seen.countMax === undefined
  return { endsMs: isTimed ? atMostMs : 'unknown' }
}

interface Spent {
  readonly chain: Chain
  readonly step: RenewalStep
}

async function spend({ grants }: Probing): Promise<Spent | string> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const made = await grants.step()
    if (made === undefined) return NEEDS_GRANT
    if (made.step.kind === 'replaced') return made
  }
  return 'not measured: no refresh token was replaced'
}

/** The same on one chain; `undefined` when it is dead, or keeps its token. */
async function spendOn(chain: Chain): Promise<RenewalStep | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const step = await chain.renew()
    if (step.kind !== 'kept') return step.kind === 'dead' ? undefined : step
  }
  return undefined
}

/** What is done with the successor before a spent token is presented again. */
type Use = 'present_successor' | 'use_access_token'

interface ReuseSeen {
  /** The first answer to a spent token: what it brought. */
  answer?: 'fork' | 'idempotent'
  /** Whether an answer brought a token that the chain had left. */
  isBehind?: true
  /** How often one was taken. */
  taken: number
  /** The window is longer than this, and no longer than that. */
  atLeastMs: number
  atMostMs?: number
  refused?: Exchange
  /** The use of its successor that ended it. */
  endedBy?: Use
  /** How often one token is taken again, if the server counts. */
  countMax?: number
  /** Why no refusal was seen. */
  why: string
  /** Whether it was taken each time. */
  isWhole?: true
}

/**
 * Presents spent tokens until one is refused, or the wait is over. Each time a newly spent one: a
 * window that slides would begin anew whenever the same token is taken.
 */
async function watch(
  { chain, step }: Spent,
  seen: ReuseSeen,
  { present, clock, wait, windowMaxMs }: Probing,
  isAlive: IsAlive | undefined,
): Promise<void> {
  const late = [...LATE_MS.filter((each) => each < windowMaxMs), windowMaxMs]
  const asked = isAlive === undefined ? [] : (['use_access_token'] as const)
  let spent: RenewalStep | undefined = step
  for (const trial of [...EARLY_MS, 'present_successor' as const, ...asked, ...late]) {
    spent ??= await spendOn(chain)
    if (spent === undefined) return cut(seen)
    const { exchange, before } = spent
    spent = undefined
    if (typeof trial === 'number') await wait(exchange.endedAt + trial - clock.monotonic())
    else if (trial === 'use_access_token') await isAlive!(chain.accessToken!)
    else if ((await chain.renew()).kind === 'dead') return cut(seen)
    const again = await present(before)
    if (again.presentation.outcome !== 'granted') {
      seen.refused = again
      seen.atMostMs = again.endedAt - exchange.sentAt
      if (typeof trial !== 'number') seen.endedBy = trial
      return
    }
    seen.taken += 1
    seen.atLeastMs = Math.max(seen.atLeastMs, again.sentAt - exchange.endedAt)
    const brought = chain.take(again)
    if (brought === 'left') seen.isBehind = true
    if (brought === 'successor') seen.answer ??= 'fork'
    if (brought === 'newest') seen.answer ??= 'idempotent'
  }
  await count(chain, seen, present)
  seen.isWhole = true
  seen.why = 'no presentation was outside the window'
}

/** Presents one spent token several times: a server may count, and not look at the time. */
async function count(chain: Chain, seen: ReuseSeen, present: Probing['present']): Promise<void> {
  const spent = await spendOn(chain)
  if (spent === undefined) return
  for (let taken = 0; taken < COUNTED; taken += 1) {
    const again = await present(spent.before)
    if (again.presentation.outcome !== 'granted') {
      seen.refused = again
      seen.countMax = taken
      return
    }
    chain.take(again)
  }
}

function cut(seen: ReuseSeen): void {
  seen.why = 'the newest token was dead'
}

function windowOf(seen: ReuseSeen, isAsked: boolean): readonly Measured[] {
  const { taken, refused, endedBy, atLeastMs, atMostMs = 0, why } = seen
  const axis = 'reuseWindow'
  if (taken === 0) {
    return refused === undefined
      ? [{ axis, says: `not measured: ${why}` }]
      : [
          { axis, value: 'none', says: 'a spent token is refused at once' },
          { axis: 'reuseAnswer', says: 'not measured: there is no window' },
        ]
  }
  const told = (value: MeasuredWindow, says: string): readonly Measured[] => [
    { axis, value, says },
    answerOf(seen),
  ]
  if (seen.countMax !== undefined) {
    const times = `${seen.countMax} time${seen.countMax === 1 ? '' : 's'}`
    const says = `not measured: no time ends it, but a count: one token is taken ${times} more`
    return [{ axis, says }, answerOf(seen)]
  }
  if (refused === undefined) {
    const lasts = `for ${seconds(atLeastMs)}`
    if (!seen.isWhole) {
      return [{ axis, says: `not measured: taken ${lasts}; then ${why}` }, answerOf(seen)]
    }
    const unasked = isAsked ? '' : '; no access token was used: give --api'
    return told('forever', `taken ${taken} times, ${lasts} and more${unasked}`)
  }
  if (endedBy !== undefined) {
    const end = endedBy === 'present_successor' ? 'came' : 'was used at an API'
    return told('until_successor_used', `taken ${taken} times, until its successor ${end}`)
  }
  const ms = CHOSEN_MS.find((each) => each >= atLeastMs && each <= atMostMs) ?? atLeastMs
  const between = `between ${seconds(atLeastMs)} and ${seconds(atMostMs)}`
  return told({ ms: Math.round(ms) }, `it is ${between}; the likely length of these`)
}

function answerOf({ answer, isBehind }: ReuseSeen): Measured {
  const axis = 'reuseAnswer'
  if (answer === undefined) return { axis, says: 'not measured: it brought no new refresh token' }
  if (answer === 'fork') return { axis, value: answer, says: 'each brought one more successor' }
  const says = isBehind
    ? 'it brought the same successor again, also when that was spent'
    : 'it brought the newest again'
  return { axis, value: answer, says }
}

type MeasuredWindow = NonNullable<(Measured & { axis: 'reuseWindow' })['value']>

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** What is left of the grant: first its access token, which asking does not change. */
async function effectOn(
  chain: Chain,
  other: Chain | undefined,
  isAlive: IsAlive | undefined,
): Promise<Measured> {
  const axis = 'reuseEffect'
  const { accessToken } = chain
  const lives = accessToken === undefined ? undefined : await isAlive?.(accessToken)
  if ((await chain.renew()).kind !== 'dead') {
    return { axis, value: 'error', says: 'the newest refresh token lives' }
  }
  const dead = 'the newest refresh token died'
  const isOtherDead = other !== undefined && (await other.renew()).kind === 'dead'
  const others = isOtherDead ? '; another grant died with it' : ''
  if (lives === undefined) {
    const open = 'its access token was not asked: give --api'
    return { axis, says: `family or grant: ${dead}; ${open}${others}` }
  }
  return lives
    ? { axis, value: 'family', says: `${dead}, its access token lives${others}` }
    : { axis, value: 'grant', says: `${dead}, its access token too${others}` }
}

function notMeasured(says: string): readonly Measured[] {
  const axes = ['reuseWindow', 'reuseAnswer', 'reuseEffect'] as const
  return axes.map((axis) => ({ axis, says }))
}

/** How often a request is refused, where a token is replaced now and then only. */
const SOMETIMES = 3

/** Time beyond the window, milliseconds. */
const MARGIN_MS = 500

/**
 * Asks for what no server knows, and then presents the same token as it should be: dead, it was
 * consumed by the request that was refused.
 */
export async function measureValidation(
  probing: Probing,
  rotation: Rotation['rotation'],
  { endsMs }: MeasuredReuse,
): Promise<Measured> {
  const axis = 'validates'
  const none = (why: string): Measured => ({ axis, says: `not measured: ${why}` })
  if (rotation === 'never') return none('no token is consumed')
  const made = await probing.grants.step()
  if (made === undefined) return { axis, says: NEEDS_GRANT }
  const { chain } = made
  const asked = await refused(chain, probing)
  if (asked === undefined) return none('the server does not mind an unknown resource or scope')
  const times = rotation === 'sometimes' ? SOMETIMES : 1
  for (let time = 1; time < times; time += 1) await probing.present(chain.refreshToken, asked)
  await probing.wait(endsMs === 'unknown' ? 0 : endsMs + MARGIN_MS)
  const { kind } = await chain.renew()
  const what = `a request for an unknown ${asked}`
  if (kind === 'dead') return { axis, value: 'after_consuming', says: `${what} spent the token` }
  if (endsMs === 'unknown') return none('the reuse window would hide it')
  return { axis, value: 'before_consuming', says: `${what} left the token as it was` }
}

/** What the server refuses to give; what it gives instead is taken. */
async function refused(chain: Chain, { present, record }: Probing): Promise<Asking | undefined> {
  for (const asking of ['resource', 'scope'] as const) {
    const exchange = await present(chain.refreshToken, asking)
    if (exchange.presentation.outcome !== 'granted') {
      record(`refused-${asking}`, exchange)
      return asking
    }
    chain.take(exchange)
  }
  return undefined
}
