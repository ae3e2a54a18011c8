/**
 * `npx tsx test/bench/availability.ts`: what each fault costs, by policy, and writes it into
 * docs/availability.md.
 *
 * A real authorization server, real time between processes and server; the refreshers' clock is
 * moved on instead of waited for. Each grant meets one fault at its first refresh, while its access
 * token is still good, and then none for two more lifetimes.
 */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { format, resolveConfig } from 'prettier'
import { oidc } from '../../providers/oidc.ts'
import type { Overrides, Reuse } from '../../src/core/provider.ts'
import { sleep, systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { createRefresher } from '../../src/index.ts'
import type { RefreshEvent, Refresher, RefreshOptions, Store, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { grouped } from '../grouped.ts'
import type { FlatOptions } from '../grouped.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import type { Fault, OidcServer } from '../oidc/oidc-server.ts'

const GRANTS = Number(process.argv[2] ?? 20)
const HOUR_MS = 3_600_000
/** Before the expiry of the access token, the fault happens: inside the time of renewing ahead. */
const EARLY_MS = 40_000
const REQUEST_TIMEOUT_MS = 500
const CLAIM_MS = 1_600
const LATE_MS = 600
/** Longer than a claim and a request together: a crash fits in, too. */
const WINDOW_MS = 10_000
/** How long an overdue claim is left alone with `until_successor_used`. */
const SETTLES_MS = 30_000
/** So short that a deferred presentation is tried again by the next call, not by this one. */
const HASTE_MS = 1

/** How the AS behaves, and what the description says of it. */
interface Policy {
  readonly name: string
  readonly axes: Overrides
  readonly reuse: Reuse
}

const POLICIES: readonly Policy[] = [
  { name: 'not known, or `revokes`', axes: {}, reuse: 'revokes' },
  {
    name: "`failures: { 503: 'deferred' }`",
    axes: { failures: { 503: 'deferred' } },
    reuse: 'revokes',
  },
  { name: '`refused`', axes: { reuse: 'refused' }, reuse: 'refused' },
  {
    name: '`until_successor_used`',
    axes: { reuse: 'until_successor_used' },
    reuse: 'until_successor_used',
  },
  {
    name: '`{ acceptedForMs }`',
    axes: { reuse: { acceptedForMs: WINDOW_MS } },
    reuse: { acceptedForMs: WINDOW_MS },
  },
  { name: '`accepted`', axes: { reuse: 'accepted' }, reuse: 'accepted' },
]

/** What one process of the application can be made to suffer. */
interface Trouble {
  readonly name: string
  readonly atServer?: Fault
  /** Whether nobody listens at the token endpoint. */
  readonly isRefused?: boolean
  /** At which moment the store stops answering, until the call is over. */
  readonly outage?: 'before' | 'settling'
  /** At which moment the process ends. */
  readonly crash?: 'before sending' | 'after sending'
}

const TROUBLES: readonly Trouble[] = [
  { name: 'no fault' },
  { name: 'connection refused', isRefused: true },
  {
    name: '429, `Retry-After: 20`',
    atServer: { kind: 'status', status: 429, retryAfterSeconds: 20 },
  },
  { name: 'connection cut before the request arrived', atServer: { kind: 'cut_before' } },
  { name: 'connection cut, answer lost', atServer: { kind: 'cut_after' } },
  { name: 'answer later than the timeout', atServer: { kind: 'delay', before: LATE_MS } },
  { name: '503 of a gateway, not processed', atServer: { kind: 'status', status: 503 } },
  {
    name: '503 of a gateway, processed',
    atServer: { kind: 'status', status: 503, processed: true },
  },
  { name: 'store down before the claim', outage: 'before' },
  { name: 'store down at settling', outage: 'settling' },
  { name: 'crash between claim and sending', crash: 'before sending' },
  { name: 'crash after sending', crash: 'after sending' },
]

/** What became of the grants of one cell. */
interface Cell {
  goOn: number
  signIn: number
  neither: number
  /** Calls answered with an access token while the first one was good. */
  served: number
  calls: number
}

interface World {
  readonly server: OidcServer
  readonly policy: Policy
  readonly clock: Clock & { advance(ms: number): void }
  readonly rows: Store
  /** Presentations of which nobody knows what became. */
  unproven: number
}

/** Lives that were not counted: a request timed out that nobody held up, on a busy machine. */
let disturbed = 0

let processes = 0

/** A token endpoint where nobody listens. */
const NOBODY = `http://127.0.0.1:${await closedPort()}/token`

/** Half of the troubles at a time, each with a server of its own: mostly they wait. */
async function measure(policy: Policy): Promise<readonly Cell[]> {
  const middle = TROUBLES.length / 2
  const halves = [TROUBLES.slice(0, middle), TROUBLES.slice(middle)]
  return (await Promise.all(halves.map((troubles) => measureSome(policy, troubles)))).flat()
}

async function measureSome(policy: Policy, troubles: readonly Trouble[]): Promise<Cell[]> {
  const clock = movingClock()
  const server = await startOidcServer({ accessTokenMs: HOUR_MS, reuse: policy.reuse, clock })
  const rows = memoryStore({ name: `${policy.name} ${troubles[0]!.name}`, clock })
  const cells: Cell[] = []
  for (const trouble of troubles) {
    const cell = nothing()
    while (cell.goOn + cell.signIn + cell.neither < GRANTS) {
      const world = { server, policy, clock, rows, unproven: 0 }
      const lived = await live(world, trouble)
      if (world.unproven <= meant(trouble, policy)) add(cell, lived)
      else disturbed += 1
    }
    cells.push(cell)
    console.log(`${policy.name} | ${trouble.name} | ${JSON.stringify(cell)}`)
  }
  // Of no server that was described rightly.
  const { reuses } = server.counts()
  if (policy.axes.failures === undefined && reuses > 0) {
    throw new Error(`${policy.name}: ${reuses} grants were revoked for us`)
  }
  await server.stop()
  return cells
}

/** How many presentations the fault leaves unproven. */
function meant({ atServer }: Trouble, { axes: { failures = {} } }: Policy): number {
  if (atServer === undefined) return 0
  const isDescribed = atServer.kind === 'status' && Object.hasOwn(failures, `${atServer.status}`)
  return isDescribed || (atServer.kind === 'status' && atServer.status === 429) ? 0 : 1
}

/** The life of one grant: two calls while its access token is good, then one for each lifetime. */
async function live(world: World, trouble: Trouble): Promise<Cell> {
  const cell = nothing()
  const { server, clock, policy } = world
  let tokens: TokenSet = tokenSetOf(await server.signIn(), clock)
  const call = async (refresher: Refresher): Promise<boolean> => {
    const works: Promise<unknown>[] = []
    const outcome = await refresher.refresh(tokens, { waitUntil: (work) => works.push(work) })
    if (outcome.changed) tokens = outcome.tokens
    // A good token is served while an exchange is under way, and a server may process late what was
    // given up: the clock must not move meanwhile.
    await Promise.all(works)
    if (world.unproven > 0) await sleep(systemClock, LATE_MS)
    return outcome.usable
  }
  clock.advance(HOUR_MS - EARLY_MS)
  if (trouble.atServer !== undefined) server.faults.next(trouble.atServer)
  if (trouble.crash === undefined) {
    const refresher = troubled(world, trouble)
    count(cell, await call(refresher))
  } else {
    await crashing(world, trouble, tokens)
    count(cell, await call(healthy(world)))
  }
  clock.advance(CLAIM_MS)
  // Time enough for what may still be under way at the server.
  if (policy.reuse === 'until_successor_used') clock.advance(SETTLES_MS)
  count(cell, await call(healthy(world)))

  clock.advance(EARLY_MS)
  const isUsable = await call(healthy(world))
  clock.advance(HOUR_MS)
  if (isUsable && (await call(healthy(world)))) cell.goOn = 1
  else if ((await healthy(world).refresh(tokens)).needsSignIn) cell.signIn = 1
  else cell.neither = 1
  return cell
}

function nothing(): Cell {
  return { goOn: 0, signIn: 0, neither: 0, served: 0, calls: 0 }
}

function add(cell: Cell, more: Cell): void {
  for (const name of Object.keys(cell) as (keyof Cell)[]) cell[name] += more[name]
}

function count(cell: Cell, isServed: boolean): void {
  cell.calls += 1
  if (isServed) cell.served += 1
}

/** A process of its own: it shares nothing with others but the rows. */
function healthy(world: World, trouble: Partial<FlatOptions> = {}, axes = {}): Refresher {
  const { server, policy, clock, rows } = world
  processes += 1
  const options = {
    provider: oidc({ issuer: server.issuer, ...policy.axes, ...axes }),
    client: server.clients.public,
    store: { ...rows, name: `memory-${processes}` },
    clock,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    claimMs: CLAIM_MS,
    onEvent(event: RefreshEvent) {
      if (event.type === 'presented' && event.outcome === 'unknown') world.unproven += 1
    },
    ...trouble,
  }
  return createRefresher(grouped(options))
}

/** A process whose store is down, or whose requests go astray, until it is drained. */
function troubled(world: World, { outage, isRefused = false }: Trouble): Refresher {
  let isDown = outage === 'before'
  const up = async <R>(work: () => Promise<R>): Promise<R> => {
    if (isDown) throw new Error('down')
    return work()
  }
  const { rows } = world
  const store: Store = {
    ...rows,
    name: `memory-down-${processes}`,
    read: (key) => up(() => rows.read(key)),
    swap: (...written) => up(() => rows.swap(...written)),
  }
  const refresher = healthy(
    world,
    {
      store,
      ...(isRefused && { waitMs: HASTE_MS }),
      async fetch(url, init) {
        const response = await fetch(url, init)
        if (outage === 'settling' && isPresentation(url)) isDown = true
        return response
      },
    },
    isRefused ? { tokenEndpoint: NOBODY } : {},
  )
  return {
    ...refresher,
    refresh: (async (tokens: TokenSet, asked?: RefreshOptions) => {
      const outcome = await refresher.refresh(tokens, asked)
      isDown = false
      return outcome
    }) as Refresher['refresh'],
  }
}

/** Lets a process begin to refresh and end: nothing of it reaches anybody any more. */
function crashing(world: World, { crash }: Trouble, tokens: TokenSet): Promise<void> {
  const never = new Promise<never>(() => {})
  return new Promise((dead) => {
    let isDead = false
    const alive = async <R>(work: () => Promise<R>): Promise<R> => (isDead ? never : work())
    const { rows } = world
    const refresher = healthy(world, {
      onEvent: () => {},
      store: {
        ...rows,
        name: `memory-crash-${processes}`,
        read: (key) => alive(() => rows.read(key)),
        swap: (...written) => alive(() => rows.swap(...written)),
      },
      async fetch(url, init) {
        if (isDead) return never
        if (!isPresentation(url)) return fetch(url, init)
        if (crash === 'after sending') await fetch(url, init)
        isDead = true
        dead()
        return never
      },
    })
    void refresher.refresh(tokens)
  })
}

const isPresentation = (url: string): boolean => new URL(url).pathname === '/token'

/** Real time, and what was skipped. */
function movingClock(): World['clock'] {
  let skippedMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    monotonic: () => systemClock.monotonic() + skippedMs,
    advance(ms) {
      skippedMs += ms
    },
  }
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function tableOf(measured: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const head = ['fault at the first refresh', ...POLICIES.map(({ name }) => name)]
  const rows = TROUBLES.map(({ name }, row) =>
    line([name, ...measured.map((column) => told(column[row]!))]),
  )
  return [line(head), line(head.map(() => '---')), ...rows].join('\n')
}

/** The fraction of grants that go on; calls that were not served meanwhile, if there were any. */
function told({ goOn, signIn, neither, served, calls }: Cell): string {
  const missed = calls - served
  const verdict = [
    `${percent(goOn)} go on`,
    ...(neither > 0 ? [`${percent(neither)} neither`] : []),
    ...(signIn > 0 ? [`**${percent(signIn)} sign in**`] : []),
    ...(missed > 0 ? [`${missed} of ${calls} calls not served`] : []),
  ]
  return verdict.filter((part) => !part.startsWith('0 %')).join(', ')
}

function percent(grants: number): string {
  return `${Math.round((100 * grants) / GRANTS)} %`
}

const DOCUMENT = new URL('../../docs/availability.md', import.meta.url)
const startedAt = performance.now()
const measured = await Promise.all(POLICIES.map(measure))
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
const [day] = new Date().toISOString().split('T')
const section = `<!-- measured -->

Measured on ${day} with \`npx tsx test/bench/availability.ts\`,
Node ${process.version}, ${GRANTS} grants a cell, in ${seconds} s. Not counted, because a request
timed out that nobody had held up: ${disturbed}.

${tableOf(measured)}

<!-- end of measured -->`
const text = readFileSync(DOCUMENT, 'utf8')
const parts = /<!-- measured -->[\s\S]*<!-- end of measured -->/
if (!parts.test(text)) throw new Error('docs/availability.md has no place for the table')
const options = await resolveConfig(DOCUMENT)
const written = text.replace(parts, () => section)
writeFileSync(DOCUMENT, await format(written, { ...options, parser: 'markdown' }))
process.exit()
