import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import {
  createBrowserInspector,
  createWebSocketInspector,
  createWebSocketReceiver,
} from '@statelyai/inspect'
import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { Window } from 'happy-dom'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMachine } from 'xstate'
import type { AnyStateMachine, InspectionEvent } from 'xstate'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import type { RefresherOptions } from '../../src/index.ts'
import { freePort } from '../servers/process.ts'
import { expectNoSecret, world } from '../runtime/world.ts'
import type { World } from '../runtime/world.ts'
import { until } from './watching.ts'

type Sent = StatelyInspectionEvent
type Kind<K extends Sent['type']> = Extract<Sent, { type: K }>

const of = <K extends Sent['type']>(sent: readonly Sent[], type: K): Kind<K>[] =>
  sent.filter((event): event is Kind<K> => event.type === type)

/** A renewal, a second holder of the spent token, and a grant that is dead. */
async function story(
  { process, signIn, expire, server }: World,
  inspect: RefresherOptions['inspect'],
): Promise<void> {
  const refresher = process({ ...(inspect && { inspect }) })
  const first = await signIn()
  expire()
  const { tokens } = await refresher.refresh(first)
  await refresher.refresh(first)
  expire()
  server.endGrant(tokens.refreshToken!)
  await refresher.refresh(tokens)
}

/** What the chart does in the story, as snapshots show it. */
const VALUES = [
  { fresh: 'judging' },
  { expiring: 'claiming' },
  { refreshing: 'presenting' },
  { refreshing: 'settling' },
  { rotated: 'renewed' },
  { rotated: 'renewed' },
  { fresh: 'judging' },
  { expiring: 'claiming' },
  { rotated: 'adopted' },
  { rotated: 'adopted' },
  { fresh: 'judging' },
  { expiring: 'claiming' },
  { refreshing: 'presenting' },
  { refreshing: 'settling' },
  { refreshing: 'reloading' },
  'revoked',
  'revoked',
]

/** The official tools sort what they write. */
const pathsOf = (machine: AnyStateMachine): string[] =>
  describeMachine(machine)
    .states.map(({ path }) => path)
    .toSorted()

/** Holds the runs of the story to what they did. Answers with how many there were. */
function expectStory(sent: readonly Sent[], { secrets }: World): number {
  const roots = of(sent, '@xstate.actor').filter(({ parentId }) => parentId === undefined)
  const ids = new Set(roots.map(({ sessionId }) => sessionId))
  const snapshots = of(sent, '@xstate.snapshot').filter(({ sessionId }) => ids.has(sessionId))
  const values = snapshots.map(({ snapshot }) => (snapshot as { value?: unknown }).value)

  expect(values).toEqual(VALUES)
  expect(snapshots.filter(({ snapshot }) => snapshot.status === 'done')).toHaveLength(3)
  for (const { name, definition } of roots) {
    expect(name).toBe('refresh')
    expect(pathsOf(createMachine(JSON.parse(definition!) as object))).toEqual(
      pathsOf(refreshMachine),
    )
  }
  const actors = of(sent, '@xstate.actor').filter(({ parentId }) => ids.has(parentId!))
  expect(actors.map(({ name }) => name).join(' ')).toBe(
    'claim present settle claim claim present settle reload',
  )
  expectNoSecret(secrets, JSON.stringify(sent))
  return roots.length
}

/** Whether all three runs have ended. */
const isOver = (sent: readonly (Sent | InspectionEvent)[]): boolean =>
  sent.filter((event) => 'event' in event && event.event.type === 'xstate.stop').length === 3

/** A way to a port that keeps all bytes that come back by it. A server masks and packs nothing. */
async function tapped(to: number): Promise<{ readonly port: number; bytes(): string }> {
  const chunks: Buffer[] = []
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    far.on('data', (chunk) => chunks.push(chunk))
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
    onTestFinished(() => void near.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { port, bytes: () => Buffer.concat(chunks).toString('latin1') }
}

describe('an inspector of @statelyai/inspect', () => {
  it('is fed over its own bridge and receiver', async () => {
    const port = await freePort()
    const bridge = createInspectorServer({ port, autoOpen: false })
    onTestFinished(() => bridge.stop())
    const url = `ws://127.0.0.1:${port}`
    const got: Sent[] = []
    const tap = await tapped(port)
    const server = `ws://127.0.0.1:${tap.port}`
    createWebSocketReceiver({ server }).subscribe((event) => void got.push(event))
    const inspector = createWebSocketInspector({ url })
    onTestFinished(() => inspector.stop())
    const stage = await world()

    await story(stage, inspector)
    await until(() => isOver(got))

    expect(expectStory(got, stage)).toBe(3)
    const bytes = tap.bytes()
    expect(bytes.split('@xstate.snapshot').length).toBeGreaterThan(VALUES.length)
    expectNoSecret(stage.secrets, bytes)
  })

  it('is fed in a browser', async () => {
    const sent: Sent[] = []
    const window = new Window() as unknown as globalThis.Window & typeof globalThis
    const send = (event: Sent): void => void sent.push(JSON.parse(JSON.stringify(event)) as Sent)
    const stage = await world()

    await story(stage, createBrowserInspector({ window, autoStart: false, send }))
    await until(() => isOver(sent))

    expect(expectStory(sent, stage)).toBe(3)
  })

  it('that has no window says what to take instead', async () => {
    vi.spyOn(console, 'error').mockReturnValue()
    const inspector = createBrowserInspector()

    const { process } = await world()

    expect(() => process({ inspect: inspector })).toThrow(/createWebSocketInspector/)
  })
})

describe('an observer of XState', () => {
  for (const [what, wrap] of [
    ['a function', (next: (event: InspectionEvent) => void) => next],
    ['an object', (next: (event: InspectionEvent) => void) => ({ next })],
    [
      'what an inspector calls `inspect`',
      (next: (event: InspectionEvent) => void) => ({ inspect: { next } }),
    ],
  ] as const) {
    it(`may be ${what}`, async () => {
      const seen: InspectionEvent[] = []
      const stage = await world()

      await story(
        stage,
        wrap((event) => void seen.push(event)),
      )
      await until(() => isOver(seen))

      expect(new Set(seen.map(({ type }) => type))).toEqual(
        new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
      )
      expectNoSecret(stage.secrets, everythingIn(seen))
    })
  }
})

/** All that can be reached from a value: names, texts and what functions answer. */
function everythingIn(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  return Reflect.ownKeys(value)
    .map((key) => {
      const inner: unknown = Reflect.get(value, key)
      const got: unknown = key === 'getSnapshot' ? (inner as () => unknown)() : inner
      return `${String(key)} ${everythingIn(got, seen)}`
    })
    .join('\n')
}
