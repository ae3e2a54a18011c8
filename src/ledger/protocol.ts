/**
 * The ledger's protocol: what somebody who has seen this much of the rows does next.
 *
 * Pure: no store, clock, crypto or provider, and no memory but the view. A procedure is a loop of
 * _ask what is next, do it, look at what stands there now_; every step of it is one or two atomic
 * operations on single rows. All interleavings of these steps are enumerated by `npm run explore`.
 */
export { CLAIMING, claim } from './protocol/claiming.ts'
export type { ClaimAnswer, ClaimRequest } from './protocol/claiming.ts'
export { maySend, settle, withdraw } from './protocol/settling.ts'
export type { SettleAnswer, SettleRequest, Settlement } from './protocol/settling.ts'
export { look } from './protocol/looking.ts'
export type { LookAnswer } from './protocol/looking.ts'
export { reject, revoke, seize } from './protocol/ending.ts'
export type { EndAnswer, SeizeAnswer } from './protocol/ending.ts'
export { UNSEEN, see } from './protocol/view.ts'
export type { Next, Operation, Place, Policy, View } from './protocol/view.ts'
