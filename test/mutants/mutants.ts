import type { Mutant } from './mutant.ts'

const world = (what: string): { world: string } => ({ world: what })
const test = (file: string, named: string): { test: string; named: string } => ({
  test: `test/${file}.test.ts`,
  named,
})

/** Of the protocol: who may present. */
const CLAIMING: readonly Mutant[] = [
  {
    name: 'presents without having claimed',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (view.claim === undefined) return 'unseen'",
    replacement: "if (view.claim === undefined) return 'mine'",
    killedBy: world('strict, 2+1 calls, carries, no fault'),
    because: 'P1/P2: r0 is presented again',
  },
  {
    name: "takes another's claim for its own",
    file: 'src/ledger/protocol/claim.ts',
    text: 'if (row.claimId === request.claimId)',
    replacement: "if (row.claimId !== '')",
    killedBy: world('strict, 2+1 calls, carries, no fault'),
    because: 'P1/P2: r0 is presented again',
  },
  {
    name: 'claims an overdue claim again although tokens rotate',
    file: 'src/ledger/protocol/claim.ts',
    text: "return request.policy.takesOver ? 'free' : 'overdue'",
    replacement: "return 'free'",
    killedBy: world('strict, 1+1 calls, carries, overdue'),
    because: 'P1/P2: r0 is presented again',
  },
  {
    name: 'ignores that the grant is ahead',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (row.generation > position.generation) return 'ahead'",
    replacement: '',
    killedBy: world('strict, 2+1 calls, carries, no fault'),
    because: 'liveness: lost without a fault',
  },
  {
    name: 'does not read the grant again once the claim is won, where rows may vanish',
    file: 'src/ledger/protocol/view.ts',
    text: 'const isWon = mayEvict && ',
    replacement: 'const isWon = !mayEvict && ',
    killedBy: world('strict, 2+1 calls, carries, evicted'),
    because: 'P1/P2: r0 is presented again',
  },
  {
    name: 'serves a replay',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (policy.staleHolders === 'serve') return false",
    replacement: 'if (policy.staleMs >= 0) return false',
    killedBy: test('mutants/rules', 'ends the chain of a holder who is stale'),
    because: 'ends the chain of a holder who is stale',
  },
  {
    name: 'takes every older holder for a replay at once',
    file: 'src/ledger/protocol/claim.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation >= 0 && atMs <= judgedAtMs',
    killedBy: world('strict, 2+1 calls, carries, no fault'),
    because: 'P4: a chain was ended as replayed too early',
  },
  {
    name: 'keeps a claim that it won and does not need',
    file: 'src/ledger/protocol/claim.ts',
    text: "level: 'won', satisfying: 'release' }",
    replacement: "level: 'won' }",
    killedBy: test('mutants/rules', 'opens a claim again that it does not need'),
    because: 'opens a claim again that it does not need',
  },
  {
    name: 'does not recognise a claim whose acknowledgement was lost',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (row.claimId === request.claimId) return 'mine'",
    replacement: "if (row.claimId === request.claimId && view.claim.version > 9) return 'mine'",
    killedBy: test('ledger/ledger', 'an acknowledgement of a claim that got lost is made up for'),
    because: 'busy',
  },
  {
    name: 'does not recognise a kept claim that was settled',
    file: 'src/ledger/protocol/view.ts',
    text: 'return outcome?.claimId === row.claimId && outcome.generation === row.generation',
    replacement: 'return outcome === null',
    killedBy: test('mutants/rules', 'takes a claim for settled'),
    because: 'takes a claim for settled whose settling was written',
  },
  {
    name: 'does not revoke the later tokens of who finds the chain ended',
    file: 'src/ledger/protocol/claim.ts',
    text: 'isOrphaned: position.generation > grant!.row!.generation',
    replacement: 'isOrphaned: false',
    killedBy: test('mutants/rules', 'says of an ended chain whether'),
    because: 'isOrphaned',
  },
]

/** Of the protocol: what came of a presentation. */
const SETTLING: readonly Mutant[] = [
  {
    name: 'sends past its deadline',
    file: 'src/ledger/protocol/settle.ts',
    text: 'return elapsedMs + requestTimeoutMs < claimMs',
    replacement: 'return elapsedMs + requestTimeoutMs >= 0',
    killedBy: test('runtime/oidc/store-trouble', 'gives its claim back and starts again'),
    because: 'gives its claim back and starts again',
  },
  {
    name: 'drops a set that comes late',
    file: 'src/ledger/protocol/settle.ts',
    text: 'if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {',
    replacement:
      'if (view.nowMs >= (view.claim?.writtenAtMs ?? 0) + request.policy.claimMs)\n' +
      "    return answerWith({ type: 'settled', position, set: received.set })\n" +
      '  if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {',
    killedBy: test('mutants/rules', 'writes a set that comes after'),
    because: 'writes a set that comes after the time of its claim',
  },
  {
    name: 'never acknowledges',
    file: 'src/ledger/protocol/settle.ts',
    text: 'acknowledged: isCallersToken',
    replacement: 'acknowledged: Number.isNaN(generation)',
    killedBy: test('mutants/rules', 'acknowledges a generation for its own holder'),
    because: 'acknowledges a generation for its own holder',
  },
  {
    name: 'acknowledges adopted tokens',
    file: 'src/ledger/protocol/settle.ts',
    text: 'acknowledged: isCallersToken',
    replacement: 'acknowledged: !Number.isNaN(generation)',
    killedBy: test('mutants/rules', 'acknowledges a generation for its own holder'),
    because: 'not for one who adopted the token',
  },
  {
    name: 'settles over the end of the chain',
    file: 'src/ledger/protocol/settle.ts',
    text: "return answerWith({ type: 'ended', position, reason: row.ended })",
    replacement: '{}',
    killedBy: test('mutants/rules', 'writes nothing over the end'),
    because: 'writes nothing over the end of the chain',
  },
  {
    name: 'lowers a generation',
    file: 'src/ledger/protocol/settle.ts',
    text: 'return rotated ? row.generation >= generation : row.generation > generation',
    replacement: 'return rotated && row.generation < generation - 99',
    killedBy: world('strict, 2+1 calls, carries, lost acknowledgement'),
    because: 'liveness: ',
  },
  {
    name: 'does not introduce the successor of who drops `grant`',
    file: 'src/ledger/protocol/settle.ts',
    text: 'if (!request.hasGrantField && received.hasSuccessor && view.isSuccessorKnown !== true)',
    replacement: 'if (!request.hasGrantField && received.hasSuccessor && view.nowMs < 0)',
    killedBy: test('ledger/ledger', 'finds the chain by the successor'),
    because: 'finds the chain by the successor, for a holder that dropped its grant',
  },
  {
    name: 'takes a kept token for a rotated one',
    file: 'src/ledger/settlement.ts',
    text: 'rotated: !isKept',
    replacement: 'rotated: true',
    killedBy: test('mutants/rules', 'is kept when none comes'),
    because: 'is kept when none comes',
  },
  {
    name: 'takes an omitted token for a kept one',
    file: 'src/ledger/settlement.ts',
    text: "rotation !== 'always'",
    replacement: "rotation !== 'rotates'",
    killedBy: world('omitted, 2+1 calls, carries, no fault'),
    because: 'P1/P2',
  },
  {
    name: 'takes an unknown outcome for unspent',
    file: 'src/ledger/settlement.ts',
    text: "isReusable(provider) ? 'unspent' : 'spent'",
    replacement: "provider !== undefined ? 'unspent' : 'spent'",
    killedBy: world('strict, 2+1 calls, carries, lost answer'),
    because: 'P1/P2',
  },
  {
    name: 'takes a refusal after consumption for unspent',
    file: 'src/core/failure.ts',
    text: "refused_after: { outcome: 'refused', settles: 'spent'",
    replacement: "refused_after: { outcome: 'refused', settles: 'unspent'",
    killedBy: world('consumes-first, 2+1 calls, carries, refused after'),
    because: 'P1/P2',
  },
  {
    name: 'ends a chain that moved on when an old token is rejected',
    file: 'src/ledger/protocol/end.ts',
    text: 'if (row !== undefined && row.generation > position.generation) {',
    replacement: 'if (row !== undefined && row.generation < position.generation) {',
    killedBy: test('mutants/rules', 'does not end a chain that has moved on'),
    because: 'does not end a chain that has moved on',
  },
  {
    name: 'takes the claim without waiting for who presents',
    file: 'src/ledger/protocol/end.ts',
    text: "isOver ? 'taken' : 'busy'",
    replacement: "isOver ? 'taken' : 'taken'",
    killedBy: test('mutants/rules', 'waits for whoever presents, until they settle'),
    because: "'busy'",
  },
]

/** Of the rest of the ledger, and of its store. */
const LEDGER: readonly Mutant[] = [
  {
    name: 'a swap that does not compare',
    file: 'src/stores/memory.ts',
    text: 'if ((row?.version ?? 0) !== expected) return',
    replacement: 'if (expected < 0) return',
    killedBy: test('stores/memory', 'memoryStore'),
    because: 'swapped',
  },
  {
    name: 'a sealed value that does not know its version',
    file: 'src/ledger/sealer.ts',
    text: 'encode(`${FORMAT}`, key, `${version}`)',
    replacement: 'encode(`${FORMAT}`, key, `${version * 0}`)',
    killedBy: test('ledger/sealer', 'does not open at another version'),
    because: 'does not open at another version',
  },
  {
    name: 'the tag of a sealed value is not checked before it is used',
    file: 'src/ledger/node-ciphers.ts',
    text: ', decipher.final()])',
    replacement: '])',
    killedBy: test('ledger/sealer', 'does not open when any one bit of it is another'),
    because: 'does not open when any one bit of it is another',
  },
  {
    name: 'a row of another client is believed',
    file: 'src/ledger/codec.ts',
    text: "&& ownField(envelope, 'clientId') === clientId",
    replacement: '',
    killedBy: test('ledger/codec', 'a row of another issuer or client'),
    because: 'another',
  },
  {
    name: 'renews a token that is young',
    file: 'src/ledger/stored-token-set.ts',
    text: 'storeNowMs < grantedAtMs + lifetimeMs / 2',
    replacement: 'storeNowMs < grantedAtMs - lifetimeMs / 2',
    killedBy: test('mutants/rules', 'is a token in the first half of its lifetime'),
    because: 'is a token in the first half of its lifetime',
  },
]

/** Of the transport and the runtime. */
const AROUND: readonly Mutant[] = [
  {
    name: 'follows a redirect',
    file: 'src/transport/send.ts',
    text: "redirect: 'manual'",
    replacement: "redirect: 'follow'",
    killedBy: test('transport/limits', 'sends the token to no other host after a 307'),
    because: 'sends the token to no other host after a 307',
  },
  {
    name: 'a token that was taken away without a successor counts as kept',
    file: 'src/ledger/settlement.ts',
    text: "rotation !== 'always' && !isWithout",
    replacement: "rotation !== 'always'",
    killedBy: test('providers/credentials.server', 'taken away without a successor'),
    because: 'taken away without a successor',
  },
  {
    name: '`invalid_client` is `rejected`',
    file: 'src/core/failure.ts',
    text: "['invalid_client', 'refused_before']",
    replacement: "['invalid_client', 'rejected']",
    killedBy: test('transport/present', 'invalid_client'),
    because: "'rejected'",
  },
  {
    name: '503 is `deferred` by default',
    file: 'src/transport/token-response.ts',
    text: "(status === 429 ? 'deferred' : undefined)",
    replacement: "(status === 429 || status === 503 ? 'deferred' : undefined)",
    killedBy: test('transport/present', '503'),
    because: "'deferred'",
  },
  {
    name: "the caller's signal reaches the request",
    file: 'src/runtime/engine.ts',
    text: 'const context = contextOf(options)',
    replacement:
      'let caller: AbortSignal | undefined\n' +
      '  const send = options.settings.fetch ?? fetch\n' +
      '  const context = contextOf({\n' +
      '    ...options,\n' +
      '    settings: {\n' +
      '      ...options.settings,\n' +
      '      fetch: (url, init) => send(url, { ...init, signal: caller ?? init.signal! }),\n' +
      '    },\n' +
      '  })',
    also: [
      {
        file: 'src/runtime/engine.ts',
        text: 'const flight = shared(tokens, demandOf(tokens, asked))',
        replacement:
          'caller ??= signal\n        const flight = shared(tokens, demandOf(tokens, asked))',
      },
    ],
    killedBy: test('runtime/oidc/waiting', 'stops nothing else'),
    because: 'stops nothing else: the exchange ends and is settled',
  },
  {
    name: 'what an ended chain brought is not revoked',
    file: 'src/runtime/actors/present.ts',
    text: 'ended: true,\n  noted: false,',
    replacement: 'ended: false,\n  noted: false,',
    killedBy: test('runtime/oidc/ended', 'waits for whoever presents, who revokes'),
    because: 'waits for whoever presents, who revokes what they receive',
  },
]

/** Mistakes that somebody could make, and what catches each. */
export const MUTANTS: readonly Mutant[] = [...CLAIMING, ...SETTLING, ...LEDGER, ...AROUND]

/** What takes the explorer its time: the same mistakes, by what they do to the promise. */
const BY_THE_PROMISE: Readonly<Record<string, Pick<Mutant, 'killedBy' | 'because'>>> = {
  'serves a replay': {
    killedBy: world('strict, 2+1 calls, carries, stale'),
    because: 'P4: a replay of r0 was served',
  },
  'never acknowledges': {
    killedBy: world('strict, 2+1 calls, carries, stale'),
    because: 'P4: a replay of r0 was served',
  },
  'settles over the end of the chain': {
    killedBy: world('strict, 1+1 calls, carries, revoke'),
    because: 'S3: r1 lives after sign-out',
  },
}

/** For `npm run verify`. */
export const SLOW_MUTANTS: readonly Mutant[] = MUTANTS.flatMap((mutant) => {
  const slower = BY_THE_PROMISE[mutant.name]
  return slower === undefined
    ? []
    : [{ ...mutant, ...slower, name: `${mutant.name}, in the explorer` }]
})
