import { toBase64url } from '../../core/text.ts'
import { systemRandom } from '../../core/random.ts'
import { Halted } from './presenting.ts'
import { measureReuse, measureValidation, type Reuse } from './reuse.ts'
import type { Behaviour } from '../../testing/authorization-server.ts'
import type { Chain, Exchange, Grants, IsAlive, Present, Step } from './presenting.ts'
import type { Clock } from '../../core/clock.ts'

/** All that was found out. */
export interface Result {
  readonly found: readonly Measured[]
  readonly recorded: Recorded
  /** Why it stopped before its end. */
  readonly halted: string | undefined
}

/**
 * Measures, the harmless first. What a grant's end keeps from being measured is tried with the next
 * grant.
 */
export async function measure(circumstances: Omit<Probing, 'record'>): Promise<Result> {
  const recorded: Partial<Record<Shown, Exchange>> = {}
  const record = (shown: Shown, exchange: Exchange): void => void (recorded[shown] ??= exchange)
  const probing: Probing = { ...circumstances, record }
  const found: Measured[] = []
  const ended = (halted?: string): Result => ({ found, recorded, halted })
  try {
    await introduce(probing)
    const rotated = await measureRotation(probing)
    found.push(...rotated.found)
    const { rotation, isAlive } = rotated
    if (rotation === undefined) return ended('no refresh token that was given is alive')
    const reuse: Reuse = await measureReuse(probing, isAlive)
    found.push(...reuse.found, await measureValidation(probing, rotation, reuse))
    return ended()
  } catch (error) {
    if (!(error instanceof Halted)) throw error
    return ended(error.message)
  }
}

/**
 * Presents a token that was made up: first as the client, then as one that nobody knows. A server
 * that does not know the client is not shown a real token.
 */
async function introduce({ present, record }: Probing): Promise<void> {
  const madeUp = `refresh-once-probe-made-this-up-${toBase64url(systemRandom.bytes(24))}`
  const known = await present(madeUp)
  if (known.presentation.outcome === 'granted') {
    throw new Halted('the server gave tokens for a refresh token that was made up')
  }
  record('rejected-unknown', known)
  const nobody = await present(madeUp, 'as_nobody')
  if (!isAlike(known, nobody)) return record('refused-client', nobody)
  if (known.presentation.outcome === 'refused') throw new Halted('the server refuses the client')
}

/** Whether two refusals look the same to whoever reads them. */
function isAlike(one: Exchange, other: Exchange): boolean {
  const look = ({ answer: { status }, presentation }: Exchange): string =>
    `${status} ${'oauthError' in presentation ? presentation.oauthError : ''}`
  return look(one) === look(other)
}

/** An axis of docs/fuzzing.md that can be measured from outside. */
export type Axis = Exclude<keyof Behaviour, 'wire' | 'unavailable' | 'pace'>

/** What was found out about one axis. Without a value it was not measured, and `says` why. */
export type Measured = {
  readonly [A in Axis]: {
    readonly axis: A
    readonly value?: Behaviour[A]
    /** What was seen, in our own words. */
    readonly says: string
  }
}[Axis]

export const NEEDS_GRANT = 'not measured: needs another grant'

/** An answer that is worth keeping, by what it shows. */
export type Recorded = Readonly<Partial<Record<Shown, Exchange>>>

export type Shown =
  | 'granted-replaced'
  | 'granted-kept'
  | 'rejected-spent'
  | 'rejected-unknown'
  | 'refused-resource'
  | 'refused-scope'
  | 'refused-client'

/** What every measurement works with. */
export interface Probing {
  readonly grants: Grants
  readonly present: Present
  /** Ways to ask about an access token. */
  readonly ways: readonly IsAlive[]
  readonly clock: Clock
  /** Lets so many milliseconds pass. */
  wait(ms: number): Promise<void>
  /** How long a reuse window is waited for. */
  readonly windowMaxMs: number
  /** Keeps an answer; the first of its kind stays. */
  record(shown: Shown, exchange: Exchange): void
}

/** How often the newest token is presented to see whether it is replaced. */
const RENEWALS = 4

export interface Rotation {
  readonly found: readonly Measured[]
  readonly rotation: 'always' | 'sometimes' | 'never' | undefined
  /** The way to ask about access tokens that knew a new one for alive. */
  readonly isAlive: IsAlive | undefined
}

/** Presents the newest token of a grant again and again. Ends no grant that lives by the rules. */
export async function measureRotation(probing: Probing): Promise<Rotation> {
  const { grants, record } = probing
  const first = await grants.step()
  if (first === undefined) return { found: notMeasured(), rotation: undefined, isAlive: undefined }
  const { chain } = first
  const steps = [first.step]
  const older = chain.accessToken
  let isOmitted = false
  while (steps.length < RENEWALS && !isOmitted) {
    const last = steps.at(-1)!
    const step = await chain.renew()
    isOmitted = step.kind === 'dead' && last.kind === 'kept' && last.as === 'absent'
    if (step.kind === 'dead') break
    steps.push(step)
  }
  for (const { kind, exchange } of steps) {
    if (kind !== 'dead') record(`granted-${kind}`, exchange)
  }
  const isAlive = await control(chain, probing)
  const old = await measureOld(older, chain, isAlive)
  return { ...judged(steps, isOmitted, old), isAlive }
}

function judged(
  steps: readonly Step[],
  isOmitted: boolean,
  old: Measured,
): Pick<Rotation, 'found' | 'rotation'> {
  const kept = steps.flatMap((step) => (step.kind === 'kept' ? [step.as] : []))
  const keptCount = kept.length - (isOmitted ? 1 : 0)
  const replaced = steps.length - keptCount
  const rotation = keptCount === 0 ? 'always' : replaced === 0 ? 'never' : 'sometimes'
  const { presentation } = steps[0]!.exchange
  const access = presentation.outcome === 'granted' ? presentation.response.access : undefined
  const lifetimeMs =
    access?.expiresAtMs && Math.round(access.expiresAtMs - (access.obtainedAtMs ?? 0))
  return {
    rotation,
    found: [
      {
        axis: 'rotation',
        value: rotation,
        says: `${replaced} of ${steps.length} presentations replaced the refresh token`,
      },
      keptCount === 0
        ? { axis: 'keptAs', says: 'not measured: no answer kept the refresh token' }
        : { axis: 'keptAs', value: kept[0]!, says: `${keptCount} answers kept the token` },
      isOmitted
        ? {
            axis: 'successor',
            value: 'omitted',
            says: 'an answer without refresh token, after which the old one was dead',
          }
        : { axis: 'successor', value: 'sent', says: 'no token was spent without a successor' },
      old,
      lifetimeMs === undefined
        ? { axis: 'accessTokenMs', says: 'not measured: the answer does not tell' }
        : { axis: 'accessTokenMs', value: lifetimeMs, says: 'as the answer says' },
    ],
  }
}

/** The first way to ask that knows the newest access token for alive. */
async function control({ accessToken }: Chain, { ways }: Probing): Promise<IsAlive | undefined> {
  for (const way of ways) {
    if (accessToken !== undefined && (await way(accessToken)) === true) return way
  }
  return undefined
}

async function measureOld(
  older: string | undefined,
  { accessToken, isDead }: Chain,
  isAlive: IsAlive | undefined,
): Promise<Measured> {
  const axis = 'oldAccessToken'
  if (isAlive === undefined) return { axis, says: 'not measured: nobody to ask; give --api' }
  if (older === undefined || older === accessToken || isDead) return { axis, says: NEEDS_GRANT }
  const lives = await isAlive(older)
  if (lives === undefined) return { axis, says: 'not measured: no clear answer about it' }
  return {
    axis,
    value: lives ? 'lives' : 'dies',
    says: lives ? 'it was taken after the next refresh' : 'the next refresh ended it',
  }
}

function notMeasured(): readonly Measured[] {
  const says = 'not measured: no refresh token that was given is alive'
  const axes = ['rotation', 'keptAs', 'successor', 'oldAccessToken', 'accessTokenMs'] as const
  return axes.map((axis) => ({ axis, says }))
}
