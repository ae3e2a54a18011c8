/** `npx tsx test/inspect/sample.ts`: writes sample.jsonl, a recording of a short story. */
import { writeFileSync } from 'node:fs'
import { oidc } from '../../providers/oidc.ts'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { createRefresher } from '../../src/index.ts'
import type { Refresher, TokenSet } from '../../src/index.ts'
import { recorder } from '../../src/inspect/recorder.ts'
import { readRecording } from '../../src/inspect/recording.ts'
import type { RecordedLine } from '../../src/inspect/recording.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import type { OidcServer } from '../oidc/oidc-server.ts'

/** How long holders of spent tokens are served in the sample, milliseconds. */
const STALE_MS = 100_000

/** How many requests come at once. */
const CALLERS = 20

/** Past the life of an access token, milliseconds; and shortly before its end. */
const OVER_MS = 61_000
const NEARLY_MS = 56_500

/** What the story plays on. */
interface Stage {
  readonly server: OidcServer
  /** Two processes, as far as the ledger can tell. */
  readonly one: Refresher
  readonly two: Refresher
  signIn(): Promise<TokenSet>
  /** Lets time pass. */
  pass(ms: number): void
}

/**
 * What happens to a few users of two servers, recorded: a storm, a renewal in time, a lost answer,
 * an overloaded authorization server, a withdrawn consent and a replay.
 */
async function sampleRecording(): Promise<readonly RecordedLine[]> {
  const written: string[] = []
  await using server = await startOidcServer({ latency: { before: 60, after: 60 } })
  let aheadMs = 0
  const clock = {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic() + aheadMs,
  }
  const name = `sample ${process.pid}`
  const store = memoryStore({ name, clock })
  const [one, two] = ['web-1', 'web-2'].map((label) =>
    createRefresher({
      provider: oidc({ issuer: server.issuer, rotation: 'always' }),
      client: server.clients.public,
      // Two of one process share their flights, unless their stores are told apart.
      ledger: {
        store: { ...store, id: `${name} ${label}` },
      },
      staleHolders: { afterMs: STALE_MS },
      timeouts: { requestMs: 1_000, claimMs: 2_000 },
      clock,
      onEvent() {},
      inspect: recorder((line) => written.push(line), { process: label }),
    }),
  ) as [Refresher, Refresher]
  const stage: Stage = {
    server,
    one,
    two,
    signIn: async () => tokenSetOf(await server.signIn(), clock),
    pass: (ms) => void (aheadMs += ms),
  }
  const stolen = await stormed(stage)
  await losing(stage)
  await overloaded(stage)
  await withdrawn(stage)
  stage.pass(OVER_MS)
  await two.refresh(stolen)
  await Promise.all([one.drain(), two.drain()])
  // The last lines are told a moment later.
  await sleep(systemClock, 200)
  return readRecording(written.join('')).lines.toSorted((a, b) => a.atMs - b.atMs)
}

/** All requests of one page, over two servers; then a renewal in time. */
async function stormed({ one, two, signIn, pass }: Stage): Promise<TokenSet> {
  const first = await signIn()
  pass(OVER_MS)
  const callers = Array.from({ length: CALLERS }, (_, index) => (index % 2 === 0 ? one : two))
  const outcomes = await Promise.all(callers.map((refresher) => refresher.refresh({ ...first })))
  const { tokens } = outcomes[0]!
  pass(NEARLY_MS)
  const renewing = one.refresh(tokens)
  await sleep(systemClock, 30)
  await two.refresh(tokens)
  await renewing
  return first
}

/** The answer is lost; whoever comes next waits for it, and is told that it will not come. */
async function losing({ server, one, two, signIn, pass }: Stage): Promise<void> {
  const tokens = await signIn()
  pass(OVER_MS)
  server.faults.next({ kind: 'cut_after' })
  const { tokens: kept } = await one.refresh(tokens)
  await two.refresh(kept)
}

/** The server asks to come again later, and answers with 503 another time. */
async function overloaded({ server, two, signIn, pass }: Stage): Promise<void> {
  const tokens = await signIn()
  pass(OVER_MS)
  server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 1 })
  const { tokens: next } = await two.refresh(tokens)
  pass(OVER_MS)
  server.faults.next({ kind: 'status', status: 503 })
  await two.refresh(next)
}

/** The user takes their consent back. */
async function withdrawn({ server, one, two, signIn, pass }: Stage): Promise<void> {
  const tokens = await signIn()
  pass(OVER_MS)
  const { tokens: next } = await one.refresh(tokens)
  server.endGrant(next.refreshToken!)
  pass(OVER_MS)
  await Promise.all([one.refresh(next), two.refresh(next)])
}

const lines = await sampleRecording()
const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
writeFileSync(new URL('sample.jsonl', import.meta.url), text)
