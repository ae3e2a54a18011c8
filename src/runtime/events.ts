import type { ErrorCode } from '../core/errors.ts'
import type { OutcomeState } from '../core/outcome.ts'
import type { Presentation } from '../core/presentation.ts'

interface Common {
  /** Epoch milliseconds. */
  readonly atMs: number
  readonly provider: string
  /** Fingerprint of the refresh token it is about: a keyed digest, the same in every process. */
  readonly token: string | undefined
}

/** What a refresher tells its owner. Nothing here holds a token. */
export type RefreshEvent = Common &
  (
    | { readonly type: 'claimed'; readonly generation: number }
    | {
        readonly type: 'presented'
        readonly outcome: Presentation['outcome']
        readonly code: ErrorCode | undefined
        readonly status: number | undefined
        readonly durationMs: number
      }
    /** A newer set of the chain was handed out instead of presenting anything. */
    | { readonly type: 'served'; readonly generation: number }
    /** A spent token came back after a later one had been seen; the chain has been ended. */
    | { readonly type: 'replay' }
    /** The ledger could not be written: the set went to its caller all the same. */
    | { readonly type: 'handed_over' }
    /** The ledger knows nothing of a chain that was refreshed before. */
    | { readonly type: 'ledger_lost' }
    /** Tokens of an ended chain were revoked at the AS, or could not be. */
    | { readonly type: 'buried'; readonly revoked: boolean }
    /**
     * A set was renewed whose refresh token expires soon, at `refreshExpiresAtMs`, and refreshing
     * does not put that off: ask the resource owner to authorize again. Told at most once per
     * refresh, when less than 14 days are left, or less than a tenth of the time since the
     * authorization to the end if that is shorter.
     */
    | { readonly type: 'expiresSoon'; readonly refreshExpiresAtMs: number }
    /** A call that was not fresh has ended. */
    | {
        readonly type: 'ended'
        readonly state: OutcomeState
        readonly code: ErrorCode | undefined
        /** What to do about it, in our own words. */
        readonly hint: string | undefined
        readonly durationMs: number
      }
  )

export type OnEvent = (event: RefreshEvent) => void

/** An event without what every event has. */
export type EventBody = RefreshEvent extends infer E
  ? E extends RefreshEvent
    ? Omit<E, 'atMs' | 'provider'>
    : never
  : never

export type Emit = (event: EventBody) => void
