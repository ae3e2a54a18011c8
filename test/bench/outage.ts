/**
 * What an outage costs: a gateway in front of an authorization server answers 503, then 502, then
 * resets connections, while 1,000 users in four processes are due. Counts those who must sign in,
 * by what the server does with a spent token: before `reuse` drove, and now. `npx tsx
 * test/bench/outages.ts` counts it.
 *
 * A real oidc-provider; two minutes of outage on the clock of the processes, which is moved on. The
 * processes share nothing but the rows.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { oidc } from '../../providers/oidc.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Reuse } from '../../src/core/provider.ts'
import { createRefresher } from '../../src/index.ts'
import type { Refresher, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf, digest8 } from '../oidc/oidc-server.ts'

const PROCESSES = 4
const HOUR_MS = 3_600_000
const OUTAGE_MS = 120_000
const STEP_MS = 2_000
const REQUEST_MS = 2_000
const CLAIM_MS = 3_200
const CALL_MS = 250

/** What the gateway does, in thirds of the outage. Of requests it forwards, it loses the answer. */
const TROUBLES = ['503', '502', 'reset'] as const
type Trouble = (typeof TROUBLES)[number]

/** One request in so many reaches the server all the same, and its answer is lost. */
const LEAKS = 4

/** What is counted of one kind of server. */
export interface Outage {
  readonly signIns: number
  /** Of those: users whose token the server had spent. */
  readonly spent: number
  readonly presentations: number
  /** Grants that the server revoked because a token came twice. */
  readonly revoked: number
}

interface Gateway {
  readonly origin: string
  trouble: Trouble | undefined
  stop(): void
}

/** Stands before the token endpoint. */
async function gateway(upstream: string): Promise<Gateway> {
  let requests = 0
  const forward = async (request: IncomingMessage, body: Buffer): Promise<Response> =>
    fetch(upstream + request.url!, {
      method: request.method!,
      headers: {
        'content-type': request.headers['content-type'] ?? 'text/plain',
        ...(request.headers.authorization && { authorization: request.headers.authorization }),
      },
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { trouble } = self
    if (trouble === undefined) {
      const passed = await forward(request, body)
      const text = await passed.text()
      response.writeHead(passed.status, { 'content-type': 'application/json' }).end(text)
      return
    }
    const isToken = body.includes('grant_type=refresh_token')
    if (isToken) requests += 1
    if (isToken && requests % LEAKS === 0) await (await forward(request, body)).text()
    if (trouble === 'reset') return void request.socket.resetAndDestroy()
    response.writeHead(Number(trouble), { 'content-type': 'text/html' }).end('<h1>Away</h1>')
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const self: Gateway = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trouble: undefined,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
  return self
}

let outages = 0

/** Real time, and what was skipped. */
function movingClock(): Clock & { advance(ms: number): void } {
  let skippedMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    monotonic: () => systemClock.monotonic() + skippedMs,
    advance: (ms) => void (skippedMs += ms),
  }
}

/**
 * @param kind What the server does with a spent token.
 * @param driven What the description says of it; `asks`: where to introspect. Absent: nothing.
 */
export async function outage(
  kind: Reuse,
  driven: Reuse | 'asks' | undefined,
  usersMax: number,
): Promise<Outage> {
  const name = `outage ${(outages += 1)}`
  const clock = movingClock()
  // Introspection demands a client that authenticates (RFC 7662 §2.1).
  const clientId = driven === 'asks' ? 'basic' : 'public'
  const server = await startOidcServer({ accessTokenMs: HOUR_MS, reuse: kind, clock })
  const way = await gateway(server.issuer)
  const rows = memoryStore({ name, clock })
  const processes: Refresher[] = Array.from({ length: PROCESSES }, (_, number) =>
    createRefresher({
      provider: oidc({
        issuer: server.issuer,
        tokenEndpoint: `${way.origin}/token`,
        rotation: 'always',
        ...(driven !== undefined && driven !== 'asks' && { reuse: driven }),
        ...(driven === 'asks' && {
          introspectionEndpoint: `${way.origin}/token/introspection`,
        }),
      }),
      client: server.clients[clientId],
      ledger: { store: { ...rows, id: `${name} ${number}` } },
      timeouts: { requestMs: REQUEST_MS, claimMs: CLAIM_MS, waitMs: 1 },
      refreshAheadMs: 0,
      clock,
      onEvent: () => {},
    }),
  )
  const users: { tokens: TokenSet; readonly dueInMs: number; isOut: boolean; isServed: boolean }[] =
    []
  while (users.length < usersMax) {
    const some = Math.min(20, usersMax - users.length)
    const signedIn = await Promise.all(Array.from({ length: some }, () => server.signIn(clientId)))
    for (const answer of signedIn) {
      const dueInMs = (users.length * OUTAGE_MS) / usersMax
      users.push({ tokens: tokenSetOf(answer, clock), dueInMs, isOut: false, isServed: false })
    }
  }
  // Each user comes when their access token is over, and again every now and then.
  clock.advance(HOUR_MS)
  let turn = 0
  // The clock is moved when no request is under way.
  const works: Promise<unknown>[] = []
  const comes = async (user: (typeof users)[number]): Promise<void> => {
    const outcome = await processes[(turn += 1) % PROCESSES]!.refresh(user.tokens, {
      waitMs: CALL_MS,
      waitUntil: (work) => void works.push(work),
    })
    if (outcome.changed) user.tokens = outcome.tokens
    user.isOut ||= outcome.needsSignIn
    user.isServed ||= outcome.usable
  }
  for (let atMs = 0; atMs < OUTAGE_MS; atMs += STEP_MS) {
    way.trouble = TROUBLES[Math.floor((TROUBLES.length * atMs) / OUTAGE_MS)]
    const due = users.filter(
      ({ dueInMs, isOut }) => !isOut && dueInMs <= atMs && dueInMs > atMs - 5 * STEP_MS,
    )
    await Promise.all(due.map(comes))
    await Promise.all(works.splice(0))
    clock.advance(STEP_MS)
  }
  way.trouble = undefined
  // Until each user is served or out, for ten minutes.
  for (const user of users) user.isServed = false
  for (let laterMs = STEP_MS; laterMs < 10 * 60_000; laterMs += 20_000) {
    clock.advance(laterMs === STEP_MS ? STEP_MS : 20_000)
    const waiting = users.filter(({ isOut, isServed }) => !isOut && !isServed)
    if (waiting.length === 0) break
    await Promise.all(waiting.map(comes))
    await Promise.all(works.splice(0))
  }
  const granted = new Set(
    server.journal.flatMap(({ kind, digest8 }) => (kind === 'granted' && digest8 ? [digest8] : [])),
  )
  const out = users.filter(({ isOut }) => isOut)
  const spent = out.filter(({ tokens }) => granted.has(digest8(tokens.refreshToken!))).length
  const { presentations, reuses } = server.counts()
  await Promise.all(processes.map((each) => each.drain()))
  way.stop()
  await server.stop()
  return { signIns: out.length, spent, presentations, revoked: reuses }
}
