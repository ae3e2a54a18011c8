/**
 * The ledger's protocol: what somebody who has seen this much of the rows does next.
 *
 * Pure: no store, clock, crypto or provider, and no memory but the view. A procedure is a loop of
 * _ask what is next, do it, look at what stands there now_; every step of it is one or two atomic
 * operations on single rows. All interleavings of these steps are enumerated by `npm run explore`.
 */
export { CLAIMING, claim } from './claim.ts'
export type { ClaimAnswer, ClaimRequest } from './claim.ts'
export { maySend, settle, withdraw } from './settle.ts'
export type { SettleAnswer, SettleRequest, Settlement } from './settle.ts'
export { checkGrant } from './end.ts'
export type { GrantCheck } from './end.ts'
export { reject, revoke, takeClaim } from './end.ts'
export type { EndAnswer, TakeClaimAnswer } from './end.ts'
export { UNSEEN, see } from './view.ts'
export type { Next, Operation, ChainPosition, Policy, LedgerView } from './view.ts'
