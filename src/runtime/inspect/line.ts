import type { ErrorCode } from '../../core/errors.ts'
import type { OutcomeState } from '../../core/outcome.ts'
import type { RefreshEvent } from '../events.ts'

/**
 * Where a run stands in its chain, as far as it is known by then. Fingerprints are keyed digests:
 * the same in every process, and no way back to a token.
 */
export interface LinePosition {
  /** Fingerprint of the refresh token that the run holds now. */
  readonly token?: string | undefined
  /** Fingerprint of the grant: the chain of tokens. */
  readonly grant?: string | undefined
  /** How many rotations lie behind the token. */
  readonly generation?: number | undefined
}

/** The actors that the chart invokes. */
export type ActorName = 'claim' | 'follow' | 'present' | 'settle' | 'reload'

interface LineBase {
  /** Epoch milliseconds on the host's clock, with fractions. */
  readonly atMs: number
  /** The provider's id. */
  readonly provider: string
}

interface OfRun extends LineBase {
  /** Names the run, among those of its process: `r12`. */
  readonly run: string
}

/** A run of the chart began. The callers who share it are one run. */
export interface RunLine extends OfRun, LinePosition {
  readonly kind: 'run'
  /** `per-call` ends at the first settled state; `long-lived` (`keep`) goes round until stopped. */
  readonly mode: 'per-call' | 'long-lived'
  /** Whether an access token for a resource or an organization is asked for. */
  readonly hasAudience: boolean
  /** Whether the access token at hand was refused (`refused`). */
  readonly isForced: boolean
}

/** A caller came for the same, and shares a run that is under way. */
export interface JoinedLine extends LineBase {
  readonly kind: 'joined'
  /** Absent: another refresher of this process began it. */
  readonly run?: string | undefined
}

/** One transition was taken, transient ones (`always`) included. */
export interface StepLine extends OfRun, LinePosition {
  readonly kind: 'step'
  /** The innermost state before: `expiring.claiming`, as `path` of `describeMachine` has it. */
  readonly from: string
  /** The innermost state after. The same as `from` if it was entered again. */
  readonly to: string
  /** `always`, `after(recheck)`, `done(claim)`, `error(claim)`, or `STORED`, `REVOKE`, `DRAIN`. */
  readonly event: string
  /** The guard that held. Absent: the transition has none. */
  readonly guard?: string | undefined
  /** Index into `describeMachine(refreshMachine).transitions`. */
  readonly edge: number
  /** How often the run has claimed again: it adopted a set, or its claim was overdue. */
  readonly adoptions: number
  /** How many presentations of this run were deferred. */
  readonly attempt: number
  /** How often the refresh token was sent under the claim that the run holds. */
  readonly presentations: number
  /** What the run has noted as wrong. */
  readonly code?: ErrorCode | undefined
  /** How long it backs off, or rests, milliseconds. */
  readonly retryInMs?: number | undefined
}

/** An actor was invoked. */
export interface CallBeganLine extends OfRun, LinePosition {
  readonly kind: 'call'
  readonly phase: 'began'
  readonly actor: ActorName
  /** Counts the calls of the run from 1. */
  readonly call: number
}

/** An actor answered. The transition that it leads to is the next `step` of the run. */
export interface CallEndedLine extends OfRun, LinePosition {
  readonly kind: 'call'
  readonly phase: 'ended'
  readonly actor: ActorName
  readonly call: number
  /**
   * What it said, the `type` of its output. `claim`: won, adopted, current, busy, ended, deferred,
   * failed. `follow`: changed, failed. `present`: sent, overdue, failed. `settle`: granted,
   * restarted, again, rejected, ended, deferred, failed. `reload`: another, ended, failed.
   * `thrown`: it broke.
   */
  readonly says: string
  /** What was wrong. */
  readonly code?: ErrorCode | undefined
  /** HTTP status, if the AS answered with what was wrong. */
  readonly status?: number | undefined
  readonly durationMs: number
}

/** The refresher told its owner something: what `onEvent` is told, as it is. */
export interface EventLine extends LineBase {
  readonly kind: 'event'
  readonly event: RefreshEvent
}

/** A run ended: at its first settled state, or when its keeper was stopped. */
export interface EndedLine extends OfRun, LinePosition {
  readonly kind: 'ended'
  readonly state: OutcomeState
  /** The innermost state in which it ended. */
  readonly at: string
  readonly code?: ErrorCode | undefined
  readonly durationMs: number
}

/** Lines were lost, because whoever takes them is too slow. */
export interface DroppedLine extends LineBase {
  readonly kind: 'dropped'
  /** How many, since the last line that said so. Those that waited already are told first. */
  readonly lines: number
}

/** One thing that happened in a refresher. Plain data that holds no token. */
export type Line =
  | RunLine
  | JoinedLine
  | StepLine
  | CallBeganLine
  | CallEndedLine
  | EventLine
  | EndedLine
  | DroppedLine

/** Takes what happens in refreshers, line by line. */
export interface LineInspector {
  /**
   * Told off the way of every refresh, in order, a few lines at a time. What it throws is its own,
   * and if it is slow, lines are dropped and counted.
   */
  lines(batch: readonly Line[]): void
  /** Whether it may look where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/** What XState calls an inspector: a function, or an observer. It is handed clean stand-ins. */
export type XStateInspector =
  ((event: never) => void) | { readonly next: (event: never) => void | undefined }

/** An inspector of `@statelyai/inspect`, or another one with a word about production. */
export interface WrappedInspector {
  readonly inspect: Inspector | { readonly next?: ((event: never) => void) | undefined }
  /** Whether it may look where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/** Who looks into a refresher. */
export type Inspector = LineInspector | XStateInspector | WrappedInspector

/** The inspector inside whatever wraps it. */
export type Found = Pick<LineInspector, 'lines'> | { next(event: object): void }

/** Finds the inspector. `undefined`: there is none in it. */
export function inspectorIn(inspect: unknown): Found | undefined {
  if (typeof inspect === 'function') return { next: inspect as (event: object) => void }
  if (typeof inspect !== 'object' || inspect === null) return undefined
  if ('inspect' in inspect) return inspectorIn(inspect.inspect)
  const has = (name: string): boolean =>
    typeof (inspect as Record<string, unknown>)[name] === 'function'
  return has('lines') || has('next') ? (inspect as Found) : undefined
}

/** @throws {TypeError} For what is no inspector, or one that may not look in production. */
export function checkInspector(inspect: unknown): void {
  if (inspect === undefined) return
  if (inspectorIn(inspect) === undefined) {
    throw new TypeError(
      'inspect is an inspector: pageInspector() of refresh-once/inspect, ' +
        'or createWebSocketInspector() of @statelyai/inspect',
    )
  }
  if (variable('NODE_ENV') === 'production' && !isAllowed(inspect)) {
    throw new TypeError(
      'inspect is for development. In production leave it out, or write ' +
        'inspect: { inspect: inspector, allowInProduction: true }',
    )
  }
}

function isAllowed(inspect: unknown): boolean {
  if (typeof inspect !== 'object' || inspect === null) return false
  if ('allowInProduction' in inspect && inspect.allowInProduction === true) return true
  return 'inspect' in inspect && isAllowed(inspect.inspect)
}

/** A variable of the environment. Looked up at run time: not every platform has one. */
export function variable(name: string): string | undefined {
  return (globalThis as Host).process?.env?.[name]
}

interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> }
}

/** Makes a line. It runs when the line is delivered, so that it does not delay the refresh. */
export type Note = () => Line | Promise<Line>
