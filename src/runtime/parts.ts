import type { Ledger } from '../ledger/ledger.ts'
import type { Policy } from '../ledger/protocol.ts'
import type { Transport } from '../transport/transport.ts'
import type { Background } from './background.ts'
import type { Emit } from './events.ts'
import type { Pauses } from './pauses.ts'
import type { Settings } from './settings.ts'

/** What one refresher is made of. */
export interface Parts {
  /** The same for refreshers that share their claims. */
  readonly id: string
  readonly settings: Settings
  readonly policy: Policy
  readonly ledger: Ledger
  readonly transport: Transport
  readonly background: Background
  readonly pauses: Pauses
  readonly emit: Emit
}
