/**
 * The statecharts that drive this library, for inspecting, drawing and testing.
 *
 * Exempt from semantic versioning: states, events, guards, actors, the shape of the context, and
 * the version of XState that they are written for may change in any release. What the main entry
 * exports does not depend on them.
 *
 * @module
 */
import { refreshMachineOf } from './refresh.machine.ts'

/** The chart without the runtime's actors. */
export const refreshMachine: ReturnType<typeof refreshMachineOf<object, object>> =
  refreshMachineOf()

export { refreshMachineOf } from './refresh.machine.ts'
export { standing } from './freshness.ts'
export type {
  ChartEvent,
  ClaimOutput,
  Demand,
  FollowOutput,
  PresentOutput,
  Problem,
  RefreshContext,
  RefreshInput,
  RefreshOutput,
  ReloadOutput,
  SettleOutput,
} from './types.ts'
export type { Freshness } from '../src/core/freshness.ts'
