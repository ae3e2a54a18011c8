import type { Invariant } from '../../src/testing/invariants.ts'
import type { Killer, Mutant, Weather } from './mutant.ts'

const explorer = (world: string, because: string): Killer => ({ by: 'explorer', world, because })
const unit = (file: string, named: string, because = named): Killer => ({
  by: 'unit',
  test: `test/${file}.test.ts`,
  named,
  because,
})
const properties = (weather: Weather, withinRuns: number): Killer => ({
  by: 'properties',
  weather,
  withinRuns,
})
const simulation = (withinRefreshes: number, ...breaks: readonly Invariant[]): Killer => ({
  by: 'simulation',
  withinRefreshes,
  breaks,
})
/** Left to `npm run verify`: the mutant has a faster killer. */
const slowly = (killer: Killer): Killer => ({ ...killer, isSlow: true })

const SOON = 3_000
const LATER = 6_000

/** Which process may present a token. */
const CLAIMING: readonly Mutant[] = [
  {
    name: 'presents without having claimed',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (view.claim === undefined) return 'unseen'",
    replacement: "if (view.claim === undefined) return 'mine'",
    killedBy: [explorer('strict, 2+1 calls, carries, no fault', 'P1/P2: r0 is presented again')],
  },
  {
    name: "takes another's claim for its own",
    file: 'src/ledger/protocol/claim.ts',
    text: 'if (row.claimId === request.claimId)',
    replacement: "if (row.claimId !== '')",
    killedBy: [explorer('strict, 2+1 calls, carries, no fault', 'P1/P2: r0 is presented again')],
  },
  {
    name: 'claims an overdue claim again although tokens rotate',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (inMs === undefined) return 'overdue'",
    replacement: "if (inMs === undefined) return 'free'",
    killedBy: [
      explorer('strict, 1+1 calls, carries, overdue', 'P1/P2: r0 is presented again'),
      properties('an AS that fails', 100),
      simulation(SOON, 'P2'),
    ],
  },
  {
    name: 'ignores that the grant is ahead',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (row.generation > position.generation) return 'ahead'",
    replacement: '',
    killedBy: [explorer('strict, 2+1 calls, carries, no fault', 'liveness: lost without a fault')],
  },
  {
    name: 'does not read the grant again once the claim is won, where rows may vanish',
    file: 'src/ledger/protocol/view.ts',
    text: 'const isWon = mayEvict && ',
    replacement: 'const isWon = !mayEvict && ',
    killedBy: [explorer('strict, 2+1 calls, carries, evicted', 'P1/P2: r0 is presented again')],
  },
  {
    name: 'serves a replay',
    file: 'src/ledger/protocol/end.ts',
    text: "if (policy.staleHolders === 'serve') return false",
    replacement: 'if (policy.staleMs >= 0) return false',
    killedBy: [
      unit('ledger/protocol/claim', 'ends the chain of a holder who is stale'),
      slowly(explorer('strict, 2+1 calls, carries, stale', 'P4: a replay of r0 was served')),
    ],
  },
  {
    name: 'takes every older holder for a replay at once',
    file: 'src/ledger/protocol/end.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation >= 0 && atMs <= judgedAtMs',
    killedBy: [
      explorer(
        'strict, 2+1 calls, carries, no fault',
        'P4: a chain was ended as replayed too early',
      ),
    ],
  },
  {
    name: 'keeps a claim that it won and does not need',
    file: 'src/ledger/protocol/claim.ts',
    text: "level: 'won', satisfying: 'release' }",
    replacement: "level: 'won' }",
    killedBy: [unit('ledger/protocol/claim', 'opens a claim again that it does not need')],
  },
  {
    name: 'does not recognise a claim whose acknowledgement was lost',
    file: 'src/ledger/protocol/claim.ts',
    text: "return row.proof === undefined || view.isClaimProven === true ? 'mine' : 'doubtful'",
    replacement: "return view.claim.version > 9 ? 'mine' : 'others'",
    killedBy: [
      unit('ledger/ledger', 'an acknowledgement of a claim that got lost is made up for', 'busy'),
    ],
  },
  {
    name: 'does not recognise a kept claim that was settled',
    file: 'src/ledger/protocol/view.ts',
    text: 'return outcome?.claimId === row.claimId && outcome.generation === row.generation',
    replacement: 'return outcome === null',
    killedBy: [
      unit(
        'ledger/protocol/claim',
        'takes a claim for settled',
        'takes a claim for settled whose settling was written',
      ),
    ],
  },
  {
    name: 'does not revoke the later tokens of who finds the chain ended',
    file: 'src/ledger/protocol/claim.ts',
    text: 'isOrphaned: position.generation > grant!.row!.generation',
    replacement: 'isOrphaned: false',
    killedBy: [unit('ledger/protocol/claim', 'says of an ended chain whether', 'isOrphaned')],
  },
  {
    name: "another's claim counts as free",
    file: 'src/ledger/protocol/claim.ts',
    text: "if (!isOverdue(view)) return 'others'",
    replacement: "if (!isOverdue(view)) return 'free'",
    killedBy: [properties('calm', 20), simulation(SOON, 'P1', 'P2')],
  },
  {
    name: 'who comes late is served for ever',
    file: 'src/ledger/protocol/end.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation > held && atMs + policy.staleMs < 0 * judgedAtMs',
    killedBy: [properties('stale cookies', 200), simulation(SOON, 'P4')],
  },
  {
    name: 'who comes a little late is a replay',
    file: 'src/ledger/protocol/end.ts',
    text: 'generation > held && atMs + policy.staleMs <= judgedAtMs',
    replacement: 'generation > held && atMs + policy.staleMs / 60 <= judgedAtMs',
    killedBy: [simulation(SOON, 'P4', 'P5')],
  },
]

/** What the rows say of a presentation, and of the end of a chain. */
const SETTLING: readonly Mutant[] = [
  {
    name: 'sends past its deadline',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'if (elapsedMs + requestTimeoutMs >= claimMs) return false',
    replacement: '',
    killedBy: [unit('runtime/oidc/store-trouble', 'gives its claim back and starts again')],
  },
  {
    name: 'drops a set that comes late',
    file: 'src/ledger/protocol/settle.ts',
    text: 'if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {',
    replacement:
      'if (view.nowMs >= (view.claim?.writtenAtMs ?? 0) + request.policy.claimMs)\n' +
      "    return answerWith({ type: 'settled', position, set: received.set })\n" +
      '  if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {',
    killedBy: [
      unit(
        'ledger/protocol/settle',
        'writes a set that comes after',
        'writes a set that comes after the time of its claim',
      ),
    ],
  },
  {
    name: 'never acknowledges',
    file: 'src/ledger/protocol/settle.ts',
    text: 'acknowledged: isCallersToken',
    replacement: 'acknowledged: Number.isNaN(generation)',
    killedBy: [
      unit('ledger/protocol/settle', 'acknowledges a generation for its own holder'),
      slowly(explorer('strict, 2+1 calls, carries, stale', 'P4: a replay of r0 was served')),
    ],
  },
  {
    name: 'acknowledges adopted tokens',
    file: 'src/ledger/protocol/settle.ts',
    text: 'acknowledged: isCallersToken',
    replacement: 'acknowledged: !Number.isNaN(generation)',
    killedBy: [
      unit(
        'ledger/protocol/settle',
        'acknowledges a generation for its own holder',
        'not for one who adopted the token',
      ),
    ],
  },
  {
    name: 'settles over the end of the chain',
    file: 'src/ledger/protocol/settle.ts',
    text: "return answerWith({ type: 'ended', position, reason: row.ended })",
    replacement: '{}',
    killedBy: [
      unit(
        'ledger/protocol/settle',
        'writes nothing over the end',
        'writes nothing over the end of the chain',
      ),
      slowly(explorer('strict, 1+1 calls, carries, revoke', 'S3: r1 lives after sign-out')),
    ],
  },
  {
    name: 'lowers a generation',
    file: 'src/ledger/protocol/settle.ts',
    text: 'return rotated ? row.generation >= generation : row.generation > generation',
    replacement: 'return rotated && row.generation < generation - 99',
    killedBy: [explorer('strict, 2+1 calls, carries, lost acknowledgement', 'liveness: ')],
  },
  {
    name: 'does not introduce the successor of who drops `grant`',
    file: 'src/ledger/protocol/settle.ts',
    text: 'if (!request.hasGrantField && received.hasSuccessor && view.isSuccessorKnown !== true)',
    replacement: 'if (!request.hasGrantField && received.hasSuccessor && view.nowMs < 0)',
    killedBy: [
      unit(
        'ledger/ledger',
        'finds the chain by the successor',
        'finds the chain by the successor, for a holder that dropped its grant',
      ),
    ],
  },
  {
    name: 'takes a kept token for a rotated one',
    file: 'src/ledger/settlement.ts',
    text: 'rotated: !isKept',
    replacement: 'rotated: true',
    killedBy: [unit('ledger/settlement', 'is kept when none comes')],
  },
  {
    name: 'takes an omitted token for a kept one',
    file: 'src/ledger/settlement.ts',
    text: "rotation !== 'always'",
    replacement: "rotation !== 'rotates'",
    killedBy: [explorer('omitted, 2+1 calls, carries, no fault', 'P1/P2')],
  },
  {
    name: 'takes an unknown outcome for unspent',
    file: 'src/ledger/settlement.ts',
    text: "if (isReusable(provider)) return { type: 'unspent' }",
    replacement: "return { type: 'unspent' }",
    killedBy: [
      explorer('strict, 2+1 calls, carries, lost answer', 'P1/P2'),
      properties('an AS that fails', 100),
      simulation(SOON, 'P2'),
    ],
  },
  {
    name: 'ends a chain that moved on when an old token is rejected',
    file: 'src/ledger/protocol/end.ts',
    text: 'if (row !== undefined && row.generation > position.generation) {',
    replacement: 'if (row !== undefined && row.generation < position.generation) {',
    killedBy: [unit('ledger/protocol/end', 'does not end a chain that has moved on')],
  },
  {
    name: 'takes the claim without waiting for who presents',
    file: 'src/ledger/protocol/end.ts',
    text: "isOver ? 'taken' : 'busy'",
    replacement: "isOver ? 'taken' : 'taken'",
    killedBy: [unit('ledger/protocol/end', 'waits for the process that presents', "to be 'busy'")],
  },
  {
    name: 'a token that was taken away without a successor counts as kept',
    file: 'src/ledger/settlement.ts',
    text: "rotation !== 'always' && !isWithout",
    replacement: "rotation !== 'always'",
    killedBy: [unit('providers/credentials.server', 'taken away without a successor')],
  },
  {
    name: 'a claim is kept although nothing was sent',
    file: 'src/ledger/settlement.ts',
    text: "return { type: 'unspent', ...(retryAfterMs",
    replacement: "return { type: 'spent' as 'unspent', ...(retryAfterMs",
    killedBy: [simulation(SOON, 'P5')],
  },
  {
    name: 'a set that was received is not written',
    file: 'src/ledger/protocol/settle.ts',
    text: 'return grant(request, settlement, view)',
    replacement:
      "return answerWith({ type: 'settled', position: request.position, set: settlement.set })",
    killedBy: [simulation(SOON, 'P5')],
  },
]

/** The rest of the ledger, and its store. */
const ROWS: readonly Mutant[] = [
  {
    name: 'a swap that does not compare',
    file: 'src/stores/memory.ts',
    text: 'if ((row?.version ?? 0) !== expected) return',
    replacement: 'if (expected < 0) return',
    killedBy: [
      unit('stores/memory', 'memoryStore', 'swapped'),
      properties('calm', 20),
      simulation(SOON, 'P1', 'P2'),
    ],
  },
  {
    name: 'a sealed value that does not know its version',
    file: 'src/ledger/sealer.ts',
    text: 'encode(`${FORMAT}`, key, `${version}`)',
    replacement: 'encode(`${FORMAT}`, key, `${version * 0}`)',
    killedBy: [unit('ledger/sealer', 'does not open at another version')],
  },
  {
    name: 'the tag of a sealed value is not checked before it is used',
    file: 'src/ledger/node-ciphers.ts',
    text: ', decipher.final()])',
    replacement: '])',
    killedBy: [unit('ledger/sealer', 'does not open when any one bit of it is another')],
  },
  {
    name: 'a row of another client is believed',
    file: 'src/ledger/codec.ts',
    text: "&& ownField(envelope, 'clientId') === clientId",
    replacement: '',
    killedBy: [unit('ledger/codec', 'a row of another issuer or client', 'another')],
  },
  {
    name: 'renews a token that is young',
    file: 'src/ledger/stored-token-set.ts',
    text: 'storeNowMs < grantedAtMs + lifetimeMs / 2',
    replacement: 'storeNowMs < grantedAtMs - lifetimeMs / 2',
    killedBy: [unit('ledger/stored-token-set', 'is a token in the first half of its lifetime')],
  },
  {
    name: 'grant rows live for an hour',
    file: 'src/ledger/configuration.ts',
    text: "if (operation.on === 'grant') return grantRetentionMs",
    replacement: "if (operation.on === 'grant') return DAY_MS / 24",
    killedBy: [simulation(SOON, 'P5')],
  },
  {
    name: 'a store that answers reads from a cache',
    file: 'src/stores/memory.ts',
    text: 'const { rows, waiting, day } = shared',
    replacement:
      'const { rows, waiting, day } = shared\n  const cache = new Map<string, StoredRow>()',
    also: [
      {
        file: 'src/stores/memory.ts',
        text: 'return standing(key, now())',
        replacement:
          'const row = cache.get(key) ?? standing(key, now())\n' +
          '      cache.set(key, row)\n      return row',
      },
    ],
    killedBy: [properties('calm', 100)],
  },
  {
    name: 'a store that forgets',
    file: 'src/stores/memory.ts',
    text: 'endsAtMs: nowMs - day.sleptMs + ttlMs,',
    replacement: 'endsAtMs: nowMs,',
    killedBy: [properties('calm', 20)],
  },
]

/** The transport, the runtime and the core. */
const AROUND: readonly Mutant[] = [
  {
    name: 'takes a refusal after consumption for unspent',
    file: 'src/core/failure.ts',
    text: "refused_after: { outcome: 'refused', settles: 'spent'",
    replacement: "refused_after: { outcome: 'refused', settles: 'unspent'",
    killedBy: [explorer('consumes-first, 2+1 calls, carries, refused after', 'P1/P2')],
  },
  {
    name: 'follows a redirect',
    file: 'src/transport/send.ts',
    text: "redirect: 'manual'",
    replacement: "redirect: 'follow'",
    killedBy: [
      unit('transport/limits', 'sends the token to no other host after a 307'),
      simulation(SOON, 'S4'),
    ],
  },
  {
    name: '`invalid_client` is `rejected`',
    file: 'src/core/failure.ts',
    text: "['invalid_client', 'refused_before']",
    replacement: "['invalid_client', 'rejected']",
    killedBy: [unit('transport/present', 'invalid_client', "'rejected'"), simulation(SOON, 'P5')],
  },
  {
    name: '503 is `deferred` by default',
    file: 'src/transport/token-response.ts',
    text: 'status === 503 && asksToWait && ',
    replacement: 'status === 503 && ',
    killedBy: [unit('transport/present', '503', "'deferred'"), simulation(SOON, 'P2')],
  },
  {
    name: 'a 401 that speaks of the token is a refused client',
    file: 'src/transport/token-response.ts',
    text: ' && !isAboutToken(reply)',
    replacement: '',
    killedBy: [unit('transport/error-codes', 'is unknown: a number', "'unknown'")],
  },
  {
    name: 'the code inside of an error that is an object is not read',
    file: 'src/transport/token-response.ts',
    text: 'if (!isRecord(value)) return readText(value)',
    replacement: 'if (depth < DEPTH_MAX || !isRecord(value)) return readText(value)',
    killedBy: [unit('transport/error-codes', 'is found in errors with one object', 'oauthError')],
  },
  {
    name: 'the metadata of a public issuer may name a private host',
    file: 'src/transport/metadata.ts',
    text: 'if (!isPrivateHost(url)) return url',
    replacement: 'if (url.port !== "0") return url',
    killedBy: [
      unit(
        'transport/private-endpoints',
        'are refused where the issuer is public: https://10.0.0.5',
        'misconfigured',
      ),
    ],
  },
  {
    name: 'an IPv4 address inside of an IPv6 address is not looked at',
    file: 'src/core/endpoint.ts',
    text: 'if (groups.slice(0, 5).every((group) => group === 0)) return v4At(6)',
    replacement: 'if (groups.slice(0, 5).every((group) => group === 0)) return false',
    killedBy: [
      unit(
        'transport/private-endpoints',
        'are refused where the issuer is public',
        'misconfigured',
      ),
    ],
  },
  {
    name: 'a request counts as unsent after its connection stood',
    file: 'src/transport/own-socket.ts',
    text: 'untouched.delete(signal)',
    replacement: '',
    killedBy: [unit('transport/own-socket', 'takes a reset after the request for no proof')],
  },
  {
    name: 'a request that a mock of Node has taken counts as unsent',
    file: 'src/transport/own-socket.ts',
    text: 'if (socket !== undefined) untouched.add(signal)',
    replacement: 'untouched.add(signal)',
    killedBy: [unit('transport/own-socket', 'proves nothing if another client has taken it')],
  },
  {
    name: 'a request is written before the certificate is checked',
    file: 'src/transport/own-socket.ts',
    text: "socket.once(isTls ? 'secureConnect' : 'connect'",
    replacement: "socket.once('connect'",
    killedBy: [unit('transport/own-socket', 'is reset before TLS stands')],
  },
  {
    name: 'a dispatcher of the application is passed by',
    file: 'src/transport/own-socket.ts',
    text: 'return dispatcher === undefined || ',
    replacement: 'return dispatcher !== null || ',
    killedBy: [unit('transport/own-socket', 'is a dispatcher with options')],
  },
  {
    name: 'every request that undici aborts counts as refused by a proxy',
    file: 'src/transport/unsent.ts',
    text: "if (code === 'UND_ERR_ABORTED' && TUNNEL_REFUSED.test(message)) return 'proxy'",
    replacement: "if (code === 'UND_ERR_ABORTED') return 'proxy'",
    killedBy: [unit('transport/unsent', 'another abort', 'false')],
  },
  {
    name: 'a request in Deno and Bun shares connections',
    file: 'src/transport/unsent.ts',
    text: 'keepalive: false, ...(client !== undefined && { client })',
    replacement: '...(client === undefined && { client })',
    killedBy: [unit('transport/unsent', 'refused in Deno', 'pooled')],
  },
  {
    name: 'an access token that no header can hold is handed out',
    file: 'src/ledger/stored-token-set.ts',
    text: 'access: unusable === undefined ? ',
    replacement: 'access: unusable !== null ? ',
    also: [
      {
        file: 'src/runtime/outputs.ts',
        text: 'if (unusable) {',
        replacement: 'if (!settling && unusable) {',
      },
    ],
    killedBy: [unit('runtime/unusable', 'is settled and not handed out', 'usable')],
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
          'caller ??= asked.signal\n        const flight = shared(tokens, demandOf(tokens, asked))',
      },
    ],
    killedBy: [
      unit(
        'runtime/oidc/waiting',
        'stops nothing else',
        'stops nothing else: the exchange ends and is settled',
      ),
    ],
  },
  {
    name: 'a run waits for a server although its access token is good',
    file: 'machines/setup.ts',
    text: "&&\n        standing(context.tokens, output.nowMs, context.demand) === 'dead',",
    replacement: ',',
    killedBy: [unit('runtime/oidc/away', 'is served at once while the AS asks to wait')],
  },
  {
    name: 'each call finds out for itself that the server is away',
    file: 'src/runtime/actors/claim.ts',
    text: "return { type: isWaiting(context) ? 'deferred' : 'failed', problem, retryInMs }",
    replacement: "return { type: 'deferred', problem, retryInMs }",
    killedBy: [
      unit(
        'runtime/oidc/deferred',
        'leaves the AS alone for all grants of the client; only the first call waits',
      ),
    ],
  },
  {
    name: "one user's Retry-After holds for all",
    file: 'src/runtime/context.ts',
    text: 'const pauseMs = Math.min(ms, PAUSE_MAX_MS)',
    replacement: 'const pauseMs = Math.max(ms, PAUSE_MAX_MS)',
    killedBy: [
      unit(
        'runtime/oidc/away',
        'holds for its own token, and for the other users of the client a minute',
      ),
    ],
  },
  {
    name: 'an observer that rejects ends the process',
    file: 'src/core/user-code.ts',
    text: 'await call()',
    replacement: 'call()',
    killedBy: [unit('runtime/oidc/user-code', 'costs no token as onEvent: rejects')],
  },
  {
    name: 'every request to an API that refuses presents a token',
    file: 'src/ledger/stored-token-set.ts',
    text: 'held.grantedAtMs + floorMs - storeNowMs',
    replacement: 'held.grantedAtMs - floorMs - storeNowMs',
    killedBy: [
      unit(
        'runtime/oidc/refused-floor',
        'costs one presentation in ten seconds, and tells when the next may be',
      ),
    ],
  },
  {
    name: 'rows of made-up tokens live as long as all others',
    file: 'src/ledger/configuration.ts',
    text: 'return EXPENDABLE_MS',
    replacement: 'return grantRetentionMs',
    killedBy: [unit('runtime/oidc/refused-floor', 'leave rows that live minutes')],
  },
  {
    name: 'the memory store sleeps with its host',
    file: 'src/core/clock.ts',
    text: 'day.offsetMs += jumpedMs',
    replacement: 'day.offsetMs += 0',
    killedBy: [
      unit('stores/memory', 'counts the sleep of the host, in which no row comes to its end'),
    ],
  },
  {
    name: 'what an ended chain brought is not revoked',
    file: 'src/runtime/actors/settle.ts',
    text: "if (set !== undefined && settled.answer.type === 'ended')",
    replacement: "if (set !== undefined && settled.answer.type === 'noted')",
    killedBy: [
      unit(
        'runtime/oidc/ended',
        'waits for whoever presents, who revokes',
        'waits for whoever presents, who revokes what they receive',
      ),
    ],
  },
  {
    name: 'a sign-out leaves the newest token alive',
    file: 'src/runtime/revoke.ts',
    text: "const newest = ('set' in answer ? answer.set : undefined) ?? mine",
    replacement: 'const newest = mine',
    killedBy: [properties('sign-out', 200), simulation(LATER, 'S3')],
  },
  {
    name: 'a replay is not reported',
    file: 'src/runtime/actors/claim.ts',
    text: "emit({ type: 'reuse_detected', ...about, ...evidence })",
    replacement: '',
    killedBy: [simulation(SOON, 'S2')],
  },
  {
    name: 'whoever follows another waits for an hour',
    file: 'src/runtime/machine.ts',
    text: 'Math.min(overdueInMs, leftMs)',
    replacement: '3_600_000',
    killedBy: [simulation(LATER, 'budget')],
  },
  {
    name: 'whoever meets another at work gives up at once',
    file: 'src/runtime/machine.ts',
    text: 'if (leftMs <= 0) return',
    replacement: 'if (leftMs <= Infinity) return',
    killedBy: [simulation(SOON, 'served')],
  },
  {
    name: 'an access token lives for twice its time',
    file: 'src/core/token-response.ts',
    text: 'expiresAtMs: nowMs + lifetimeMs',
    replacement: 'expiresAtMs: nowMs + 2 * lifetimeMs',
    killedBy: [simulation(SOON, 'expiry')],
  },
  {
    name: 'an event names the token itself',
    file: 'src/runtime/outcome.ts',
    text: 'const token = refreshToken?.fingerprint',
    replacement: 'const token = refreshToken?.expose()',
    killedBy: [simulation(SOON, 'S1')],
  },
]

/** Whose token it is: names of chains, clients, subjects. */
const BELONGING: readonly Mutant[] = [
  {
    name: 'believes a name without a token of its chain',
    file: 'src/ledger/protocol/membership.ts',
    text: "if (seen.holdsToken !== true) return { of: 'none', position: at(name) }",
    replacement: "if (seen.holdsToken !== true) return { of: 'chain', position: at(name) }",
    killedBy: [
      unit('runtime/oidc/forged-name', 'is handed nothing, with no proof and generation 1'),
      explorer('strict, 2+1 calls, carries, forger, crash', 'S2: a forged name was served'),
      properties('forgers', 20),
    ],
  },
  {
    name: 'takes any proof of the right key for right',
    file: 'src/ledger/ledger.ts',
    text: 'return (await sealer.prove(key, said.generation, refreshToken)) === said.proof',
    replacement: 'return said.proof.startsWith(key.slice(0, 4))',
    killedBy: [
      unit('runtime/oidc/forged-name', 'with the proof of the old set'),
      properties('forgers', 20),
    ],
  },
  {
    name: 'proves a token without its generation',
    file: 'src/ledger/sealer.ts',
    text: "encode('proof', key, `${generation}`, refreshToken.expose())",
    replacement: "encode('proof', key, `${generation * 0}`, refreshToken.expose())",
    killedBy: [unit('ledger/sealer', 'proves one token at one generation', 'another generation')],
  },
  {
    name: 'presents a token whose name nothing proves and whose chain has moved on',
    file: 'src/ledger/protocol/membership.ts',
    text: 'return row.proofKey === undefined || !proof.startsWith(keyIdOf(row.proofKey))',
    replacement: 'return false',
    killedBy: [unit('runtime/oidc/forged-name', 'is not presented once nothing proves it')],
  },
  {
    name: 'gives each settling a key of its own',
    file: 'src/ledger/protocol/settle.ts',
    text: 'proofKey: seen?.row?.proofKey ?? claimId',
    replacement: 'proofKey: claimId',
    killedBy: [
      unit('runtime/oidc/forged-name', 'proves a spent token whose claim row is long gone'),
    ],
  },
  {
    name: 'ends a chain when the AS refuses a token that is not its newest',
    file: 'src/ledger/protocol/end.ts',
    text: "if (isNewest !== true) return answerWith({ type: 'ended', position, reason })",
    replacement: '',
    killedBy: [unit('ledger/protocol/end', 'ends no chain when another token than its newest')],
  },
  {
    name: 'signs out of the chain that is named, not of the one of the tokens',
    file: 'src/ledger/protocol/end.ts',
    text: "const { of, position } = membershipOf({ name, newGrant: newGrant ?? '' }, view)",
    replacement:
      "const known = membershipOf({ name, newGrant: newGrant ?? '' }, view)\n" +
      "  const { of, position } = name ? { of: 'chain', position: name } : known",
    killedBy: [unit('runtime/oidc/forged-name', 'are what a sign-out ends')],
  },
  {
    name: 'a process that is configured wrong binds the tokens that it tries',
    file: 'src/ledger/protocol/view.ts',
    text: 'return row?.isBound === true ? { isBound: true } : {}',
    replacement: 'return row?.isBound === false ? {} : { isBound: true }',
    killedBy: [unit('runtime/oidc/identity', 'binds no token to itself')],
  },
  {
    name: 'believes every issuer once another spelling is listed',
    file: 'src/ledger/codec.ts',
    text: 'formerIssuers.includes(named as string)',
    replacement: 'formerIssuers.length >= 0',
    killedBy: [unit('ledger/codec', 'is not believed')],
  },
  {
    name: 'tells the AS whatever the ledger has answered to a sign-out',
    file: 'src/runtime/revoke.ts',
    text: 'return isRefreshError(error) && LEDGER_IS_DOWN.has(error.code)',
    replacement: 'return isRefreshError(error) || LEDGER_IS_DOWN.size < 0',
    killedBy: [unit('runtime/oidc/ended', 'sends nothing anywhere after wrong_issuer')],
  },
  {
    name: 'compares the subject with what the caller says only',
    file: 'src/runtime/actors/present.ts',
    text: 'await prepared.present(idTokenOf(claim))',
    replacement: 'await prepared.present(idTokenOf(claim) && undefined)',
    killedBy: [unit('runtime/subject', 'the subject is the one that the ledger knows')],
  },
  {
    name: 'hands the tokens of another subject over past the ledger',
    file: 'src/runtime/actors/settle.ts',
    text: "if (settlement.type === 'granted' && settlement.withheld !== undefined) {",
    replacement: "if (settlement.type === 'spent') {",
    also: [
      {
        file: 'src/runtime/actors/settle.ts',
        text: 'problem: { code: settlement.withheld }',
        replacement: "problem: { code: 'subject_changed' as const }",
      },
    ],
    killedBy: [unit('runtime/subject', 'reach nobody past the ledger either')],
  },
]

/** The shipped source with one mistake each, and the checks that must notice it. */
/** What a server does with a spent token decides who may present it again. */
const REUSING: readonly Mutant[] = [
  {
    name: 'counts a reuse window from the last claim of the token',
    file: 'src/ledger/protocol/take-over.ts',
    text: "return (row?.kind === 'claimed' ? row.firstClaimedAtMs : undefined) ?? writtenAtMs",
    replacement: 'return writtenAtMs',
    killedBy: [unit('ledger/protocol/take-over', 'counts a window from the first claim')],
  },
  {
    name: 'forgets that a token is at risk',
    file: 'src/ledger/protocol/claim.ts',
    text: "atRisk: 'taken_over',",
    replacement: '',
    killedBy: [
      unit('ledger/protocol/take-over', 'waits until the claim is overdue, and says'),
      explorer(
        'refused, 1+1 calls, carries, lost answer',
        'P5: the AS killed a grant that was never misused',
      ),
    ],
  },
  {
    name: 'opens a claim at risk whose last presentation was not consumed',
    file: 'src/ledger/protocol/take-over.ts',
    text: "if (row?.kind !== 'claimed' || row.firstClaimedAtMs === undefined) {",
    replacement: "if (row?.kind !== 'claimed' || row.firstClaimedAtMs !== null) {",
    killedBy: [unit('ledger/protocol/take-over', 'gives a claim back to no holder')],
  },
  {
    name: 'asks a server twice that only refuses',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'return atRisk === undefined ? 0 : undefined',
    replacement: 'return 0',
    killedBy: [unit('ledger/protocol/take-over', 'happens once where the AS only refuses')],
  },
  {
    name: 'ends a chain by a refusal at risk',
    file: 'src/ledger/protocol/end.ts',
    text: 'if (isAtRisk) return',
    replacement: 'if (isAtRisk && position.generation < 0) return',
    killedBy: [
      unit(
        'ledger/protocol/take-over',
        'a refusal at risk ends no chain, and is written',
        'ends no chain, and is written',
      ),
    ],
  },
  {
    name: 'takes a claim over before it is overdue',
    file: 'src/ledger/protocol/claim.ts',
    text: "if (!isOverdue(view)) return 'others'",
    replacement:
      "if (!isOverdue(view) && takeOverInMs(view, request.policy) !== 0) return 'others'",
    killedBy: [
      unit('ledger/protocol/take-over', 'waits until the claim is overdue, and says'),
      explorer('accepted, 1+1 calls, carries, crash', 'P1/P2: r0 is presented again'),
    ],
  },
  {
    name: 'fits a request into a reuse window to the last millisecond',
    file: 'src/ledger/settlement.ts',
    text: 'reuse.acceptedForMs - requestTimeoutMs - REUSE_MARGIN_MS',
    replacement: 'reuse.acceptedForMs - requestTimeoutMs',
    killedBy: [unit('ledger/settlement', 'comes again while the whole request fits')],
  },
  {
    name: 'does not say that it has an answer before it writes the successor',
    file: 'src/ledger/protocol/settle.ts',
    text: "if (request.policy.takeOver.type === 'until_successor_used') {",
    replacement: "if (request.policy.takeOver.type === 'never' && generation < 0) {",
    killedBy: [
      unit('ledger/protocol/take-over', 'writes that there is an answer before the successor'),
    ],
  },
  {
    name: 'ends a chain although another process may have spent the token',
    file: 'src/ledger/protocol/settle.ts',
    text: 'const next = isProof ? undefined : answerClaim(request, view)',
    replacement: 'const next = isProof ? answerClaim(request, view) : undefined',
    killedBy: [
      unit('ledger/protocol/take-over', 'writes that there is a refusal before the chain ends'),
    ],
  },
  {
    name: 'waits for an AS as if the holder had sent at once',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'writtenAtMs + Math.max(0, claimMs - requestTimeoutMs) + settlesWithinMs',
    replacement:
      'writtenAtMs + Math.max(0, claimMs - claimMs - requestTimeoutMs) + settlesWithinMs',
    killedBy: [unit('ledger/protocol/take-over', 'waits until the AS has settled')],
  },
  {
    name: 'takes a token over that was refused at risk',
    file: 'src/ledger/protocol/take-over.ts',
    text: "return atRisk === 'rejected' || atRisk === 'unproven' || isAnswered",
    replacement: 'return isAnswered',
    killedBy: [unit('ledger/protocol/take-over', 'does not happen once it was refused')],
  },
  {
    name: 'a made-up token ends the chain whose name came with it, before it has a row',
    file: 'src/ledger/protocol/end.ts',
    text: 'if (row === undefined && name?.grant === position.grant) {',
    replacement: 'if (row === undefined && name?.grant === undefined && isRepeated === null) {',
    killedBy: [unit('ledger/protocol/end', 'its holder may be about to write the row')],
  },
  {
    name: 'takes a token over although the store may have dropped its successor',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'if (mayEvict && view.grants[grant]?.row === undefined) return undefined',
    replacement: 'if (mayEvict && grant.length < 0) return undefined',
    killedBy: [unit('ledger/protocol/take-over', 'does not happen if the store may have dropped')],
  },
  {
    name: 'forgets that a successor came at risk',
    file: 'src/ledger/protocol/settle.ts',
    text: 'const isAtRisk = rotated && (isRepeated === true || isTakenOver(claimId, view))',
    replacement: 'const isAtRisk = rotated && isRepeated === true',
    killedBy: [unit('ledger/protocol/take-over', 'marks a successor that the AS')],
  },
  {
    name: 'sends at the end of a reuse window',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'view.nowMs + elapsedMs < row.firstClaimedAtMs + takeOver.ms',
    replacement: 'view.nowMs < row.firstClaimedAtMs + takeOver.ms',
    killedBy: [unit('ledger/protocol/take-over', 'is not followed by a request')],
  },
  {
    name: 'leaves a lost presentation to the end of its claim',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'claimMs: 0,',
    replacement: 'claimMs: row.claimMs,',
    killedBy: [unit('ledger/protocol/take-over', 'makes a lost presentation overdue at once')],
  },
]

/** Asking the AS about a token that may be spent. */
const ASKING: readonly Mutant[] = [
  {
    name: 'asks before the AS has settled what it was sent',
    file: 'src/ledger/protocol/take-over.ts',
    text: 'return Math.max(0, settledAtMs(claim.row, claim.writtenAtMs, asks) - nowMs)',
    replacement: 'return nowMs - nowMs',
    killedBy: [
      unit('ledger/protocol/take-over', 'waits until the AS has settled what the holder may'),
      explorer('introspected, 1+1 calls, carries, lost answer', 'P2: the AS kills the grant'),
    ],
  },
  {
    name: 'opens a claim whose token the AS calls dead',
    file: 'src/runtime/actors/ask.ts',
    text: 'await ledger.run(chain, (seen) => writeOff(version, seen), { view }).catch(() => {})',
    replacement: "return { type: 'good', goodAt: version }",
    killedBy: [unit('runtime/oidc/introspection', 'is lost if its request arrived')],
  },
  {
    name: 'takes the text "true" for an active token',
    file: 'src/transport/introspection.ts',
    text: 'active === true && owner === clientId',
    replacement: 'Boolean(active) && owner === clientId',
    killedBy: [unit('transport/introspection', 'believes literal JSON alone: active as a text')],
  },
  {
    name: 'believes what the AS says of a token of another client',
    file: 'src/transport/introspection.ts',
    text: 'active === true && owner === clientId',
    replacement: "active === true && owner !== ''",
    killedBy: [unit('transport/introspection', 'a token of another client')],
  },
  {
    name: 'opens another row than the one that was read before the question',
    file: 'src/ledger/protocol/claim.ts',
    text: 'request.goodAt === view.claim.version',
    replacement: 'request.goodAt !== undefined',
    killedBy: [unit('ledger/protocol/take-over', 'opens the claim of the row that was read')],
  },
  {
    name: 'writes a token off whose row has changed since the question',
    file: 'src/ledger/protocol/take-over.ts',
    text: "row?.kind !== 'claimed' || version !== askedAt",
    replacement: "row?.kind !== 'claimed' || askedAt < 0",
    killedBy: [unit('ledger/protocol/take-over', 'writes down that the token is dead')],
  },
  {
    name: 'asks while a spent token may look good inside of a reuse window',
    file: 'src/ledger/settlement.ts',
    text: 'settlesWithinMs: settlesWithinMs + reuseWindowMs(provider)',
    replacement: 'settlesWithinMs',
    killedBy: [unit('ledger/settlement', 'may be asked once its window is over')],
  },
  {
    name: 'asks at an address in a private network',
    file: 'src/transport/transport.ts',
    text: 'found?.introspectionEndpoint instanceof URL',
    replacement: 'found !== undefined',
    killedBy: [unit('transport/introspection', 'names one in a private network')],
  },
]

/** What is sent after a sleep, and what is tried before a person is asked. */
const WAKING: readonly Mutant[] = [
  {
    name: 'asks no path after a sleep of the host',
    file: 'src/transport/path.ts',
    text: 'wallMs - monotonicMs > SLEPT_MS',
    replacement: 'wallMs < monotonicMs - SLEPT_MS',
    killedBy: [unit('transport/path', 'is asked after a sleep')],
  },
  {
    name: 'sends a token to an origin without a connection',
    file: 'src/transport/path.ts',
    text: "if (reply.unsent) return 'unconnected'",
    replacement: "if (reply.unsent) return 'calm'",
    killedBy: [unit('transport/path', 'gets no token where no connection is made')],
  },
  {
    name: 'sends under a claim through which the host has slept',
    file: 'src/runtime/actors/present.ts',
    text: 'wallMs - elapsedMs > SLEPT_MS ? wallMs : elapsedMs',
    replacement: 'wallMs - elapsedMs > SLEPT_MS ? elapsedMs : elapsedMs',
    killedBy: [unit('runtime/oidc/clocks', 'sends nothing until it has claimed anew')],
  },
  {
    name: 'signs in silently whom the AS refused',
    file: 'src/core/errors.ts',
    text: "  'no_refresh_token',\n  'expired',",
    replacement: "  'no_refresh_token',\n  'rejected',\n  'expired',",
    killedBy: [unit('runtime/own-loss', 'canSignInSilently', 'refused')],
  },
  {
    name: 'tries a silent sign-in again while its marker is there',
    file: 'src/integrations/react/marker.ts',
    text: 'if (markerIn(document.cookie) !== undefined) return false',
    replacement: 'if (markerIn(document.cookie) === null) return false',
    killedBy: [unit('integrations/react/silent', 'is tried once, in one tab, before the notice')],
  },
]

export const MUTANTS: readonly Mutant[] = [
  ...WAKING,
  ...CLAIMING,
  ...SETTLING,
  ...ROWS,
  ...BELONGING,
  ...REUSING,
  ...ASKING,
  ...AROUND,
]
