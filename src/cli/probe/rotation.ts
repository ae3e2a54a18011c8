import type { ProviderRecord } from '../../facts/provider-facts.ts'
import { serverOf } from '../../testing/authorization-server/provider-server.ts'
import type { Behaviour, ServerDescription } from '../../testing/authorization-server.ts'
import type { Chain, Exchange, ProbeGrants, IsAlive, Present, RenewalStep } from './presenting.ts'
import type { Clock } from '../../core/clock.ts'

/** All measurements. */
export interface Measurements {
  readonly found: readonly Measured[]
  readonly recorded: Recorded
  /** Why the measuring stopped before its end. */
  readonly halted: string | undefined
}

/** An axis of docs/fuzzing.md that can be measured from outside. */
export type MeasuredAxis = Exclude<keyof Behaviour, 'wire' | 'unavailable' | 'pace'>

/** The measurement of one axis. Without a value it was not measured, and `says` tells why. */
export type Measured = {
  readonly [A in MeasuredAxis]: {
    readonly axis: A
    readonly value?: Behaviour[A]
    /** What was seen, in words of this program. */
    readonly says: string
  }
}[MeasuredAxis]

export const NEEDS_GRANT = 'not measured: needs another grant'

/** Answers to be written down, by what they show. */
export type Recorded = Readonly<Partial<Record<RecordedKind, Exchange>>>

export type RecordedKind =
  | 'granted-replaced'
  | 'granted-kept'
  | 'rejected-spent'
  | 'rejected-unknown'
  | 'refused-resource'
  | 'refused-scope'
  | 'refused-client'

/** What each measurement needs. */
export interface Probing {
  readonly grants: ProbeGrants
  readonly present: Present
  /** Ways to ask about an access token. */
  readonly ways: readonly IsAlive[]
  readonly clock: Clock
  /** Lets so many milliseconds pass. */
  wait(ms: number): Promise<void>
  /** How long to wait for the end of a reuse window. */
  readonly windowMaxMs: number
  /** Records an answer, if it is the first of its kind. */
  record(shown: RecordedKind, exchange: Exchange): void
}

/** How often the newest token is presented to see whether it is replaced. */
const RENEWALS = 4

export interface Rotation {
  readonly found: readonly Measured[]
  readonly rotation: 'always' | 'sometimes' | 'never' | undefined
  /** The way to ask about access tokens that called a new one alive. */
  readonly isAlive: IsAlive | undefined
}

/** Presents the newest token of a grant several times, which ends no grant of a correct server. */
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
  steps: readonly RenewalStep[],
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

/** Finds the first way to ask that calls the newest access token alive. */
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
  if (isAlive === undefined) return { axis, says: 'not measured: no server takes it; give --api' }
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

export interface Compared {
  readonly found: readonly Measured[]
  /** The server as it was measured. */
  readonly server: ServerDescription
  /** How long the end of a reuse window was waited for, milliseconds. */
  readonly windowMaxMs: number
}

/** Axes that an answer tells, so that facts may leave them out. */
const TOLD: ReadonlySet<string> = new Set(['successor', 'accessTokenMs'])

/** Where a measured server is not what the facts say, a sentence each. */
export function differences(
  facts: ProviderRecord,
  { found, server, windowMaxMs }: Compared,
): readonly string[] {
  const known = { ...serverOf(facts), accessTokenMs: facts.lifetimes?.accessMs ?? undefined }
  // Then a setting of the application decides, or the age of a token.
  const isOpen = facts.rotation === 'sometimes'
  const axes = found.flatMap(({ axis, value }) => {
    if (value === undefined || (axis === 'rotation' && isOpen)) return []
    const said = known[axis]
    if (said === undefined) {
      return TOLD.has(axis) ? [] : [`${axis} is not in the facts: ${shown(value)}`]
    }
    const isMet = shown(said) === shown(value) || outlasts(said, value, windowMaxMs)
    return isMet ? [] : [`${axis}: measured ${shown(value)}, in the facts ${shown(said)}`]
  })
  const errors = (['dead', 'client'] as const).flatMap((kind) => {
    const [measured, said] = [server.wire?.[kind], facts.wire?.[kind]]
    if (measured === undefined || said === undefined) return []
    const look = ({ status, error }: NonNullable<typeof said>): string => `${status} ${error ?? ''}`
    const isMet = look(measured) === look(said)
    return isMet ? [] : [`error ${kind}: measured ${look(measured)}, in the facts ${look(said)}`]
  })
  return [...axes, ...errors]
}

/** Whether a window is longer than was waited for: its end cannot have been seen. */
function outlasts(said: unknown, value: unknown, waitedMs: number): boolean {
  if (value !== 'forever' || typeof said !== 'object' || said === null) return false
  return 'ms' in said && typeof said.ms === 'number' && said.ms >= waitedMs
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
