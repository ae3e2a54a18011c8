import type { Behaviour } from '../../testing/authorization-server.ts'
import type { Exchange } from './exchange.ts'

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
