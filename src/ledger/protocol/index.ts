/**
 * The ledger's protocol: says what a process that has seen this much of the rows does next.
 *
 * It is pure: no store, clock, cryptography or provider, and no memory but the view. The ledger
 * runs a procedure in a loop: it asks for the next operations, carries them out, and shows the
 * procedure what the rows hold now. Every step is one or two atomic operations on single rows, and
 * `npm run explore` enumerates all interleavings of these steps.
 */
export { CLAIMING, claim } from './claim.ts'
export type { ClaimAnswer, ClaimRequest } from './claim.ts'
export { checkGrant, newestIfLate, reject, revoke, takeClaim } from './end.ts'
export type { EndAnswer, GrantCheck, LateSet, TakeClaimAnswer } from './end.ts'
export { keyIdOf } from './membership.ts'
export { settle, withdraw } from './settle.ts'
export type { SettleAnswer, SettleRequest, Settlement } from './settle.ts'
export { writeOff, isTakenOver, maySend, wayInMs } from './take-over.ts'
export { keyIn, see, UNSEEN } from './view.ts'
export type {
  ChainName,
  ChainPosition,
  LedgerView,
  Next,
  Operation,
  Policy,
  SettlingTimes,
  TakeOver,
} from './view.ts'
