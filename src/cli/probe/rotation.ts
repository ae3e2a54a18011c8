import type { ProviderRecord } from '../../facts/provider-facts.ts'
import { serverOf } from '../../testing/authorization-server/provider-server.ts'
import type { Behaviour, ServerDescription } from '../../testing/authorization-server.ts'
import type { Chain, ProbeGrants, RenewalStep } from './chain.ts'
import type { Exchange, IsAlive, Present } from './presenting.ts'
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
  /** Keeps what was measured, whatever the server answers afterwards. */
  tell(...found: readonly Measured[]): void
}

/** How often the newest token is presented to see whether it is replaced. */
const RENEWALS = 4

export interface Rotation {
  readonly rotation: 'always' | 'sometimes' | 'never' | undefined
  /** The way to ask about access tokens that called a new one alive. */
  readonly isAlive: IsAlive | undefined
}

/** What is seen of a chain while its newest token is presented. */
interface RotationSeen {
  readonly steps: RenewalStep[]
  /** Whether a token was spent by an answer without a successor. */
  isOmitted: boolean
  old: Measured
  /** Whether it was seen to its end. */
  isWhole: boolean
}

/** Presents the newest token of a grant several times, which ends no grant of a correct server. */
export async function measureRotation(probing: Probing): Promise<Rotation> {
  const { grants, record, tell } = probing
  const first = await grants.step()
  if (first === undefined) {
    tell(...notMeasured())
    return { rotation: undefined, isAlive: undefined }
  }
  const { chain } = first
  const old = { axis: 'oldAccessToken', says: 'not measured: the measuring stopped' } as const
  const seen: RotationSeen = { steps: [first.step], isOmitted: false, old, isWhole: false }
  let isAlive: IsAlive | undefined
  try {
    while (seen.steps.length < RENEWALS - 1 && (await renewed(chain, seen)));
    isAlive = await control(chain, probing)
    seen.old = await measureOld(chain, seen, isAlive)
    seen.isWhole = true
  } finally {
    for (const { kind, exchange } of seen.steps) {
      if (kind !== 'dead') record(`granted-${kind}`, exchange)
    }
    tell(...judged(seen))
  }
  return { rotation: rotationOf(seen), isAlive }
}

/** Presents the newest token once more. @returns Whether the chain lives. */
async function renewed(chain: Chain, seen: RotationSeen): Promise<boolean> {
  if (chain.isDead) return false
  const last = seen.steps.at(-1)!
  const step = await chain.renew()
  if (step.kind !== 'dead') seen.steps.push(step)
  else seen.isOmitted = last.kind === 'kept' && last.as === 'absent'
  return step.kind !== 'dead'
}

/** How many answers kept the refresh token: one that spent it without a successor did not. */
function keptBy({ steps, isOmitted }: RotationSeen): number {
  return steps.filter(({ kind }) => kind === 'kept').length - (isOmitted ? 1 : 0)
}

function rotationOf(seen: RotationSeen): NonNullable<Rotation['rotation']> {
  const kept = keptBy(seen)
  return kept === 0 ? 'always' : kept === seen.steps.length ? 'never' : 'sometimes'
}

function judged(seen: RotationSeen): readonly Measured[] {
  const { steps, isOmitted, old, isWhole } = seen
  const kept = steps.flatMap((step) => (step.kind === 'kept' ? [step.as] : []))
  const keptCount = keptBy(seen)
  const replaced = `${steps.length - keptCount} of ${steps.length} presentations`
  const lifetimes = steps.flatMap(({ exchange }) => lifetimeOf(exchange) ?? [])
  return [
    isWhole || steps.length > 1
      ? {
          axis: 'rotation',
          value: rotationOf(seen),
          says: `${replaced} replaced the refresh token`,
        }
      : { axis: 'rotation', says: 'not measured: one presentation does not tell' },
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
    lifetimes.length === 0
      ? { axis: 'accessTokenMs', says: 'not measured: the answer does not tell' }
      : { axis: 'accessTokenMs', value: Math.max(...lifetimes), says: 'as the answer says' },
  ]
}

/** In whole seconds: an answer that names a moment is read some milliseconds after it was made. */
function lifetimeOf({ presentation }: Exchange): number | undefined {
  const access = presentation.outcome === 'granted' ? presentation.response.access : undefined
  if (access?.expiresAtMs === undefined) return undefined
  return Math.round((access.expiresAtMs - (access.obtainedAtMs ?? 0)) / 1_000) * 1_000
}

/** Finds the first way to ask that calls the newest access token alive. */
async function control({ accessToken }: Chain, { ways }: Probing): Promise<IsAlive | undefined> {
  for (const way of ways) {
    if (accessToken !== undefined && (await way(accessToken)) === true) return way
  }
  return undefined
}

/**
 * Asks about an access token after the refresh that follows on it, and once more after the newest
 * was used: some servers end the old tokens then, and only those of the step before.
 */
async function measureOld(
  chain: Chain,
  seen: RotationSeen,
  isAlive: IsAlive | undefined,
): Promise<Measured> {
  const axis = 'oldAccessToken'
  const older = chain.accessToken
  const isRenewed = await renewed(chain, seen)
  const { accessToken } = chain
  if (isAlive === undefined) return { axis, says: 'not measured: no server takes it; give --api' }
  const isComparable = older !== undefined && accessToken !== undefined && older !== accessToken
  if (!isRenewed || !isComparable) return { axis, says: NEEDS_GRANT }
  const before = await isAlive(older)
  if (before === false) return { axis, value: 'dies', says: 'the next refresh ended it' }
  await isAlive(accessToken)
  const after = await isAlive(older)
  if (after === undefined) return { axis, says: 'not measured: no clear answer about it' }
  return after
    ? { axis, value: 'lives', says: 'it was taken after the next refresh' }
    : { axis, value: 'dies', says: 'the first use of the next access token ended it' }
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
