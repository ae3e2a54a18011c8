import type { Asking, Chain, IsAlive, RenewalStep } from './presenting.ts'
import { type Measured, NEEDS_GRANT, type Probing, type Rotation } from './rotation.ts'

/** When a spent token is presented before its successor is, milliseconds after it was spent. */
const EARLY_MS = [0, 300, 700, 1_200]

/** And after: between the lengths that people choose, so that one of them lies in each gap. */
const LATE_MS = [1_500, 2_500, 4_000, 7_000, 12_000, 17_000, 25_000, 37_000, 50_000, 65_000]
const CHOSEN_MS = [1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000]

/** How often a token may be kept before it is believed that none is ever replaced. */
const TRIES = 6

/** What is known of the reuse of spent tokens. `endsMs`: no window is longer. */
export interface MeasuredReuse {
  readonly found: readonly Measured[]
  readonly endsMs: number | 'unknown'
}

/** Spends a token and presents it again, until it is refused. Mostly the end of the grant. */
export async function measureReuse(
  probing: Probing,
  isAlive: IsAlive | undefined,
): Promise<MeasuredReuse> {
  const spent = await spend(probing)
  if (typeof spent === 'string') return notMeasured(spent)
  const { chain, step } = spent
  const seen = await watch(chain, step, probing)
  const window = windowOf(seen)
  const { refused } = seen
  if (refused === undefined) {
    const why = seen.isCut ? 'its end was not seen' : 'no presentation was outside the window'
    const effect = { axis: 'reuseEffect', says: `not measured: ${why}` } as const
    return { found: [...window, effect], endsMs: 'unknown' }
  }
  probing.record('rejected-spent', refused)
  const isTimeless = window[0].value === 'until_successor_used'
  return {
    found: [...window, await effectOn(chain, isAlive)],
    endsMs: isTimeless ? 'unknown' : (seen.atMostMs ?? 0),
  }
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

type Exchanged = RenewalStep['exchange']

interface ReuseAttempt {
  /** The first answer to the spent token inside its window: what it brought. */
  readonly answer: 'fork' | 'idempotent' | undefined
  /** How often it was taken. */
  readonly taken: number
  /** The window is longer than this, and no longer than that. */
  readonly atLeastMs: number
  readonly atMostMs?: number
  readonly refused?: Exchanged
  /** Whether its successor was dead all the same, so that nothing more could be seen. */
  readonly isCut?: true
  /** Whether it was refused as soon as its successor had been presented, and not before. */
  readonly isEndedByUse: boolean
}

/** Presents the spent token until it is refused, or the wait is over. */
async function watch(chain: Chain, spent: RenewalStep, probing: Probing): Promise<ReuseAttempt> {
  const { present, clock, wait, windowMaxMs } = probing
  const { sentAt, endedAt } = spent.exchange
  let seen: ReuseAttempt = { answer: undefined, taken: 0, atLeastMs: 0, isEndedByUse: false }
  const again = async (isAfterUse: boolean): Promise<boolean> => {
    const newest = chain.refreshToken
    const exchange = await present(spent.before)
    if (exchange.presentation.outcome !== 'granted') {
      const atMostMs = exchange.endedAt - sentAt
      seen = { ...seen, refused: exchange, atMostMs, isEndedByUse: isAfterUse }
      return false
    }
    chain.take(exchange)
    const answer = seen.answer ?? (chain.refreshToken === newest ? 'idempotent' : 'fork')
    const atLeastMs = Math.max(0, exchange.sentAt - endedAt)
    seen = { ...seen, answer, taken: seen.taken + 1, atLeastMs }
    return true
  }
  const until = (ms: number): Promise<void> => wait(endedAt + ms - clock.monotonic())
  for (const ms of EARLY_MS) {
    await until(ms)
    if (!(await again(false))) return seen
  }
  const used = await chain.renew()
  if (used.kind === 'dead') return { ...seen, isCut: true }
  if (!(await again(true))) return seen
  for (const ms of LATE_MS.filter((each) => each <= windowMaxMs)) {
    await until(ms)
    if (!(await again(false))) return seen
  }
  return seen
}

function windowOf(seen: ReuseAttempt): readonly [Measured & { axis: 'reuseWindow' }, Measured] {
  const { taken, answer, refused, isEndedByUse, atLeastMs, atMostMs = 0 } = seen
  if (answer === undefined) {
    return [
      { axis: 'reuseWindow', value: 'none', says: 'a spent token is refused at once' },
      { axis: 'reuseAnswer', says: 'not measured: there is no window' },
    ]
  }
  const brought = {
    axis: 'reuseAnswer',
    value: answer,
    says: answer === 'fork' ? 'each brought one more successor' : 'it brought the newest again',
  } as const
  if (seen.isCut) {
    const says = `not measured: taken for ${seconds(atLeastMs)}; then the newest token was dead`
    return [{ axis: 'reuseWindow', says }, brought]
  }
  const told = (value: MeasuredWindow, says: string) =>
    [{ axis: 'reuseWindow', value, says }, brought] as const
  if (refused === undefined) {
    return told('forever', `taken ${taken} times, for ${seconds(atLeastMs)} and more`)
  }
  if (isEndedByUse) {
    return told('until_successor_used', `taken ${taken} times, until its successor came`)
  }
  const ms = CHOSEN_MS.find((each) => each >= atLeastMs && each <= atMostMs) ?? atLeastMs
  const between = `between ${seconds(atLeastMs)} and ${seconds(atMostMs)}`
  return told({ ms: Math.round(ms) }, `it is ${between}; the likely length of these`)
}

type MeasuredWindow = NonNullable<(Measured & { axis: 'reuseWindow' })['value']>

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** What is left of the grant: first its access token, which asking does not change. */
async function effectOn(chain: Chain, isAlive: IsAlive | undefined): Promise<Measured> {
  const axis = 'reuseEffect'
  const { accessToken } = chain
  const lives = accessToken === undefined ? undefined : await isAlive?.(accessToken)
  if ((await chain.renew()).kind !== 'dead') {
    return { axis, value: 'error', says: 'the newest refresh token lives' }
  }
  const dead = 'the newest refresh token died'
  if (lives === undefined) {
    return { axis, says: `family or grant: ${dead}; its access token was not asked: give --api` }
  }
  return lives
    ? { axis, value: 'family', says: `${dead}, its access token lives` }
    : { axis, value: 'grant', says: `${dead}, its access token too` }
}

function notMeasured(says: string): MeasuredReuse {
  const axes = ['reuseWindow', 'reuseAnswer', 'reuseEffect'] as const
  return { found: axes.map((axis) => ({ axis, says })), endsMs: 'unknown' }
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
  { endsMs }: Pick<MeasuredReuse, 'endsMs'>,
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
