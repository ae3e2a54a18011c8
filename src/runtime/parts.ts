import type { Ledger } from '../ledger/ledger.ts'
import type { Policy } from '../ledger/protocol/index.ts'
import type { Transport } from '../transport/transport.ts'
import type { Background } from './background.ts'
import type { Emit } from './events.ts'
import type { Flights } from './flights.ts'
import type { Watch } from './inspection/watch.ts'
import type { Pauses } from './pauses.ts'
import type { Settings } from './settings.ts'
import type { Verified } from './verified.ts'

/** What a refresher is from the beginning. */
export interface Base {
  readonly settings: Settings
  readonly background: Background
  /** `undefined` where runs are not shared. */
  readonly flights: Flights | undefined
  readonly verified: Verified
  /** `undefined` where nobody inspects. */
  readonly watch?: Watch | undefined
}

/** What one refresher is made of. */
export interface Parts extends Base {
  /** The same for refreshers that share their claims. */
  readonly id: string
  readonly policy: Policy
  readonly ledger: Ledger
  readonly transport: Transport
  readonly pauses: Pauses
  readonly emit: Emit
  /** The fingerprint of a chain, for events. `undefined` where nobody listens for it. */
  readonly nameOf: Ledger['nameOf']
}
