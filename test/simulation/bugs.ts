import type { Invariant } from '../../src/testing/invariants.ts'
import type { Patch } from '../properties/patched.ts'

/** A mistake in the shipped source, and what it breaks. */
export interface Bug extends Patch {
  readonly name: string
  /** Whichever is seen first. */
  readonly breaks: readonly Invariant[]
  /** Within how many refreshes. */
  readonly within: number
}

const SOON = 3_000
const LATER = 6_000

export const BUGS: readonly Bug[] = [
  {
    name: "another's claim counts as free",
    file: 'src/ledger/protocol/claim.ts',
    text: "if (!isOverdue(view)) return 'others'",
    replacement: "if (!isOverdue(view)) return 'free'",
    breaks: ['P1', 'P2'],
    within: SOON,
  },
  {
    name: 'an overdue claim is taken over',
    file: 'src/ledger/protocol/claim.ts',
    text: "return request.policy.takesOver ? 'free' : 'overdue'",
    replacement: "return 'free'",
    breaks: ['P2'],
    within: SOON,
  },
  {
    name: 'an unknown outcome counts as unspent',
    file: 'src/ledger/settlement.ts',
    text: "type: isReusable(provider) ? 'unspent' : 'spent'",
    replacement: "type: 'unspent'",
    breaks: ['P2'],
    within: SOON,
  },
  {
    name: 'a store whose swap does not compare',
    file: 'src/stores/memory.ts',
    text: 'if ((row?.version ?? 0) !== expected) return',
    replacement: 'if (expected < 0) return',
    breaks: ['P1', 'P2'],
    within: SOON,
  },
  {
    name: '503 is `deferred` by default',
    file: 'src/transport/token-response.ts',
    text: "(status === 429 ? 'deferred' : undefined)",
    replacement: "(status === 429 || status === 503 ? 'deferred' : undefined)",
    breaks: ['P2'],
    within: SOON,
  },
  {
    name: 'a claim is kept although nothing was sent',
    file: 'src/ledger/settlement.ts',
    text: "return { type: 'unspent', ...(retryAfterMs",
    replacement: "return { type: 'spent' as 'unspent', ...(retryAfterMs",
    breaks: ['P5'],
    within: SOON,
  },
  {
    name: '`invalid_client` is `rejected`',
    file: 'src/core/failure.ts',
    text: "['invalid_client', 'refused_before']",
    replacement: "['invalid_client', 'rejected']",
    breaks: ['P5'],
    within: SOON,
  },
  {
    name: 'who comes late is served for ever',
    file: 'src/ledger/protocol/claim.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation > held && atMs + policy.staleMs < 0 * judgedAtMs',
    breaks: ['P4'],
    within: SOON,
  },
  {
    name: 'who comes a little late is a replay',
    file: 'src/ledger/protocol/claim.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation > held && atMs + policy.staleMs / 60 <= judgedAtMs',
    breaks: ['P4', 'P5'],
    within: SOON,
  },
  {
    name: 'a replay is not reported',
    file: 'src/runtime/actors/claim.ts',
    text: "if (answer.isEndedHere) emit({ type: 'reuse_detected', ...chained })",
    replacement: '',
    breaks: ['S2'],
    within: SOON,
  },
  {
    name: 'a sign-out leaves the newest token alive',
    file: 'src/runtime/revoke.ts',
    text: "const newest = ('set' in answer ? answer.set : undefined) ?? mine",
    replacement: 'const newest = mine',
    breaks: ['S3'],
    within: LATER,
  },
  {
    name: 'grant rows live for an hour',
    file: 'src/ledger/retention.ts',
    text: "if (operation.on === 'grant') return grantRetentionMs",
    replacement: "if (operation.on === 'grant') return DAY_MS / 24",
    breaks: ['P5'],
    within: SOON,
  },
  {
    name: 'whoever follows another waits for an hour',
    file: 'src/runtime/actors/follow.ts',
    text: 'Math.min(overdueInMs, leftMs)',
    replacement: '3_600_000',
    breaks: ['budget'],
    within: LATER,
  },
  {
    name: 'a set that was received is not written',
    file: 'src/ledger/protocol/settle.ts',
    text: 'return grant(request, settlement, view)',
    replacement:
      "return answerWith({ type: 'settled', position: request.position, set: settlement.set })",
    breaks: ['P5'],
    within: SOON,
  },
  {
    name: 'a request follows redirects',
    file: 'src/transport/send.ts',
    text: "redirect: 'manual'",
    replacement: "redirect: 'follow'",
    breaks: ['S4'],
    within: SOON,
  },
  {
    name: 'whoever meets another at work gives up at once',
    file: 'src/runtime/actors/follow.ts',
    text: 'if (leftMs <= 0) return',
    replacement: 'if (leftMs <= Infinity) return',
    breaks: ['served'],
    within: SOON,
  },
  {
    name: 'an access token lives for twice its time',
    file: 'src/core/token-response.ts',
    text: 'context.nowMs + lifetimeMs',
    replacement: 'context.nowMs + 2 * lifetimeMs',
    breaks: ['expiry'],
    within: SOON,
  },
  {
    name: 'an event names the token itself',
    file: 'src/runtime/outcome.ts',
    text: 'const token = refreshToken?.fingerprint',
    replacement: 'const token = refreshToken?.expose()',
    breaks: ['S1'],
    within: SOON,
  },
]
