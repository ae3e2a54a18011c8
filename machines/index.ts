/**
 * The statecharts that drive this library, for inspecting, drawing and testing.
 *
 * Exempt from semantic versioning: states, events, guards, actors, the shape of the context, and
 * the version of XState that they are written for may change in any release. What the main entry
 * exports does not depend on them.
 *
 * @module
 */
export { refreshMachine } from './refresh.machine.ts'
export { standing } from './freshness.ts'
export type {
  ClaimOutput,
  Demand,
  FollowOutput,
  PresentOutput,
  Problem,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
  Stored,
} from './types.ts'
export type { Freshness } from '../src/core/freshness.ts'
