import { describe, expect, it, onTestFinished } from 'vitest'
import { createRefresher, defineProvider } from '../../src/index.ts'
import type { ProviderDescription, Refresher, RefresherOptions } from '../../src/index.ts'
import { loadEngine } from '../../src/runtime/refresher.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type { AuthorizationServer, ServerDescription } from '../../src/testing/index.ts'
import { handClock } from './clock.ts'
import type { HandClock } from './clock.ts'

await loadEngine()

type Reuse = NonNullable<ProviderDescription['reuse']>

/** What a provider says of `reuse`, and a server that does so. All kill the grant otherwise. */
const KINDS: Readonly<Record<string, [Reuse, Partial<ServerDescription>]>> = {
  accepted: ['accepted', { reuseWindow: 'forever', reuseAnswer: 'fork' }],
  'accepted for an hour': [{ acceptedForMs: 3_600_000 }, { reuseWindow: { ms: 3_600_000 } }],
  'until the successor is used': [
    'until_successor_used',
    { reuseWindow: 'until_successor_used', reuseEffect: 'grant' },
  ],
  refused: ['refused', { reuseWindow: 'none', reuseEffect: 'error' }],
  revokes: ['revokes', { reuseWindow: 'none', reuseEffect: 'grant' }],
}

interface Scene {
  readonly server: AuthorizationServer
  readonly clock: HandClock
  /** A process of its own, which shares the store alone. */
  process(options?: Partial<RefresherOptions>): Refresher
}

async function scene(kind: keyof typeof KINDS): Promise<Scene> {
  const [reuse, described] = KINDS[kind]!
  const clock = handClock()
  const description = { name: 'described', rotation: 'always', ...described } as const
  const server = await authorizationServer(description, { clock })
  onTestFinished(() => server.stop())
  const { tokenEndpoint, revocationEndpoint } = server
  const store = memoryStore({ clock })
  let processes = 0
  const provider = defineProvider({ id: 'test', tokenEndpoint, revocationEndpoint, reuse })
  const process = (options: Partial<RefresherOptions> = {}): Refresher =>
    createRefresher({
      provider,
      client: { id: 'app' },
      // Another identity, or all processes of a test would share their flights.
      ledger: { store: { ...store, id: `process ${(processes += 1)}` } },
      clock,
      onEvent() {},
      ...options,
    })
  return { server, clock, process }
}

/** A process that dies when it has sent the token: its clock and its network stand still. */
function dying(nowMs: number, does: 'arrive' | 'vanish') {
  const clock = handClock(nowMs)
  let sent = (): void => {}
  const isSent = new Promise<void>((resolve) => (sent = resolve))
  const fetch: NonNullable<RefresherOptions['fetch']> = async (input, init) => {
    if (does === 'arrive') await globalThis.fetch(input, init)
    sent()
    return new Promise<Response>(() => {})
  }
  return { options: { clock, fetch }, isSent }
}

const AFTER_MS = 60_000

describe('reuse: an answer that is lost', () => {
  it.each(['accepted', 'accepted for an hour'])(
    'costs nothing where a spent token is %s',
    async (kind) => {
      const { server, clock, process } = await scene(kind)
      server.failNext({ kind: 'reset', when: 'after_consuming' })

      const refreshing = process().refresh(server.signIn(), { refused: true })
      const outcome = await clock.through(refreshing, (ms) => ms < 1_000)

      expect(outcome).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
    },
  )

  it('costs nothing where it is taken until its successor is used, after a wait', async () => {
    const { server, clock, process } = await scene('until the successor is used')
    server.failNext({ kind: 'reset', when: 'after_consuming' })
    const tokens = server.signIn()

    const first = await process().refresh(tokens, { refused: true })
    clock.advance(AFTER_MS)
    const second = await process().refresh(first.tokens, { refused: true })

    expect(first).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'unknown' } })
    expect(first.error!.retryAtMs).toBeGreaterThan(clock.now() - AFTER_MS)
    expect(second).toMatchObject({ state: 'rotated', usable: true })
  })

  it.each([
    ['before_consuming', { state: 'rotated', usable: true, needsSignIn: false }, 1],
    ['after_consuming', { state: 'error', needsSignIn: true, error: { code: 'lost' } }, 2],
  ] as const)(
    'is found out by asking once if reuse is refused (%s)',
    async (when, found, times) => {
      const { server, clock, process } = await scene('refused')
      server.failNext({ kind: 'reset', when })
      const tokens = server.signIn()

      const refreshing = process().refresh(tokens, { refused: true })
      const outcome = await clock.through(refreshing, (ms) => ms < 1_000)
      const { needsSignIn } = await process().refresh(tokens, { refused: true })

      expect(outcome).toMatchObject(found)
      expect(needsSignIn).toBe(found.needsSignIn)
      expect(server.presentations(tokens.refreshToken)).toBe(times)
    },
  )

  it('costs the sign-in, and no second presentation, where reuse revokes the grant', async () => {
    const { server, process } = await scene('revokes')
    server.failNext({ kind: 'reset', when: 'after_consuming' })
    const tokens = server.signIn()

    const outcome = await process().refresh(tokens, { refused: true })
    const again = await process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'unknown' } })
    expect(again).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(server.presentations(tokens.refreshToken)).toBe(1)
  })
})

describe('reuse: a process that dies', () => {
  it.each(['accepted', 'accepted for an hour', 'until the successor is used'])(
    'costs nothing where a spent token is %s',
    async (kind) => {
      const { server, clock, process } = await scene(kind)
      const tokens = server.signIn()
      const holder = dying(clock.now(), 'arrive')
      void process(holder.options).refresh(tokens, { refused: true })
      await holder.isSent

      clock.advance(AFTER_MS)
      const outcome = await process().refresh(tokens, { refused: true })

      expect(outcome).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
      expect(server.presentations(tokens.refreshToken)).toBe(2)
    },
  )

  it('is not followed by another presentation once the window is over', async () => {
    const { server, clock, process } = await scene('accepted for an hour')
    const tokens = server.signIn()
    const holder = dying(clock.now(), 'arrive')
    void process(holder.options).refresh(tokens, { refused: true })
    await holder.isSent

    clock.advance(3_600_000 - 15_000)
    const outcome = await process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(server.presentations(tokens.refreshToken)).toBe(1)
  })

  it('keeps the grant alive for a late holder, whatever is refused meanwhile', async () => {
    const { server, clock, process } = await scene('refused')
    const tokens = server.signIn()
    const holder = dying(clock.now(), 'vanish')
    void process(holder.options).refresh(tokens, { refused: true })
    await holder.isSent

    clock.advance(AFTER_MS)
    const outcome = await process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
  })
})
