import { describe, expect, it, vi } from 'vitest'
import type { InspectionEvent } from 'xstate'
import type { RefreshInput } from '../../machines/types.ts'
import { oidc } from '../../providers/oidc.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { createRefresher } from '../../src/index.ts'
import type { Outcome, RefresherOptions } from '../../src/index.ts'
import { recorder } from '../../src/inspect/index.ts'
import type { Line } from '../../src/inspect/index.ts'
import { inXState } from '../../src/runtime/inspect/stately.ts'
import { watchRun } from '../../src/runtime/inspect/run.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { world } from '../runtime/world.ts'
import type { World } from '../runtime/world.ts'
import { until, watcher } from './watching.ts'

type Inspect = RefresherOptions['inspect']

const GRANTS = 25

/** What of an outcome does not depend on chance. */
const shapeOf = ({ state, changed, usable, needsSignIn, error, tokens }: Outcome): object => ({
  state,
  changed,
  usable,
  needsSignIn,
  code: error?.code,
  retryAtMs: error?.retryAtMs,
  generation: tokens.grant?.split('.')[1],
})

/** A hundred at once: good grants, dead ones and sets that cannot be renewed, four callers each. */
async function hundred({ process, signIn, expire, server }: World, inspect: Inspect) {
  const refresher = process({ ...(inspect !== undefined && { inspect }) })
  const sets = []
  for (let index = 0; index < GRANTS; index += 1) {
    const tokens = await signIn()
    if (index % 5 === 1) server.endGrant(tokens.refreshToken!)
    sets.push(index % 5 === 2 ? { accessToken: tokens.accessToken, expiresAtMs: 1e12 } : tokens)
  }
  expire()
  const all = [...sets, ...sets, ...sets, ...sets]
  const outcomes = await Promise.all(all.map((tokens) => refresher.refresh(tokens)))
  const again = await Promise.all(all.map((tokens) => refresher.refresh(tokens)))
  return [...outcomes, ...again].map(shapeOf)
}

describe('a hundred refreshes at once', () => {
  it('end as they do when nobody looks, whoever looks', async () => {
    const inspect = watcher()
    const alone = await hundred(await world(), undefined)

    const inspected = await hundred(await world(), inspect)
    const observed = await hundred(await world(), { inspect: { next() {} } })
    const failing = await hundred(await world(), {
      lines() {
        throw new Error('observer')
      },
    })

    expect(new Set(alone.map((outcome) => (outcome as Outcome).state)).size).toBe(3)
    expect(inspected).toEqual(alone)
    expect(observed).toEqual(alone)
    expect(failing).toEqual(alone)
    await until(() => inspect.of('ended').length === inspect.of('run').length)
    expect(inspect.of('run').length + inspect.of('joined').length).toBe(200)
  }, 60_000)
})

describe('an observer that fails', () => {
  const throwing = (): never => {
    throw new Error('observer')
  }

  for (const [what, inspect] of [
    ['throws', { next: throwing }],
    ['throws as a function', throwing],
    ['rejects', { next: () => Promise.reject(new Error('observer')) as unknown as undefined }],
    ['rejects lines', { lines: () => Promise.reject(new Error('observer')) as unknown as void }],
  ] as const) {
    it(`disturbs nothing: it ${what}`, async () => {
      const { process, signIn, expire } = await world()
      const tokens = await signIn()
      const seen = watcher()
      expire()

      const outcome = await process({ inspect }).refresh(tokens)
      // Told after the failing one, for a failure to show in.
      await process({ inspect: seen }).refresh(outcome.tokens, { refused: true })
      await until(() => seen.of('ended').length === 1)

      expect(outcome).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
    })
  }

  it('is told what comes after', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    const told: object[] = []
    expire()

    await process({
      inspect: (event: object) => {
        told.push(event)
        throw new Error('observer')
      },
    }).refresh(tokens)
    await until(() => told.length > 10)

    expect(told.at(-1)).toMatchObject({ type: expect.stringMatching(/^@xstate\./) as string })
  })
})

describe('what XState tells', () => {
  it('may be anything: it stays outside of the machine', () => {
    const input = { demand: { audience: '' }, tokens: {} } as RefreshInput
    const told = vi.fn()
    const surroundings = { provider: 'oidc', now: () => 0, edgesOf: vi.fn(), add: told }
    const look = watchRun(surroundings, () => ({}), { run: 'r1', mode: 'per-call', input })
    const root = { sessionId: 'x:0' }

    for (const type of ['@xstate.microstep', '@xstate.event', '@xstate.other']) {
      const event = { type, rootId: 'x:0', actorRef: root } as unknown as InspectionEvent
      expect(() => look(event)).not.toThrow()
    }
    expect(told).toHaveBeenCalledTimes(1)
  })

  it('is not waited for: runs whose end is lost are forgotten', () => {
    const told: { readonly type: string }[] = []
    const observer = inXState({ next: (event) => void told.push(event as never) }, systemRandom)
    const run = (index: number): Line => ({
      kind: 'run',
      run: `r${index}`,
      mode: 'per-call',
      hasAudience: false,
      isForced: false,
      atMs: 1,
      provider: 'oidc',
    })
    const actors = (): number => told.filter(({ type }) => type === '@xstate.actor').length

    observer.lines(Array.from({ length: 1_001 }, (_, index) => run(index)))
    observer.lines([run(1_000)])
    expect(actors()).toBe(1_001)
    observer.lines([run(0)])
    expect(actors()).toBe(1_002)
  })
})

describe('an observer that is slow', () => {
  it('is told less, and how much less', async () => {
    const { process, signIn, expire } = await world()
    const told: Line[] = []
    const busy = (ms: number): void => {
      const end = performance.now() + ms
      while (performance.now() < end);
    }
    const refresher = process({
      inspect: {
        lines(batch) {
          told.push(...batch)
          busy(20)
        },
      },
    })
    const tokens = await signIn()
    expire()
    await refresher.refresh(tokens)

    // Each is a run of its own, handed the newest set by the ledger: 8 lines.
    for (let index = 0; index < 2_000; index += 1) {
      const outcome = await refresher.refresh(tokens)
      expect(outcome.usable).toBe(true)
    }
    await until(() => told.some(({ kind }) => kind === 'dropped'))

    const dropped = told.find((line) => line.kind === 'dropped')!
    expect(dropped.lines).toBeGreaterThan(0)
  }, 60_000)
})

describe('the inspect option', () => {
  const options = (inspect?: unknown): RefresherOptions => ({
    provider: oidc({ issuer: 'https://id.example.com' }),
    client: { id: 'app' },
    ledger: { store: memoryStore({ name: 'inspect' }) },
    onEvent() {},
    ...(inspect !== undefined && { inspect: inspect as NonNullable<Inspect> }),
  })

  for (const inspect of [true, null, 'page', {}, { inspect: {} }, { lines: true }, { send() {} }]) {
    it(`does not take ${JSON.stringify(inspect)}`, () => {
      expect(() => createRefresher(options(inspect))).toThrow(TypeError)
      expect(() => createRefresher(options(inspect))).toThrow(/pageInspector\(\)/)
    })
  }

  it('is for development, unless it is said that it is not', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const inspector = { inspect: { next() {} } }

    for (const inspect of [inspector, inspector.inspect, () => {}, recorder(() => {})]) {
      expect(() => createRefresher(options(inspect))).toThrow(TypeError)
      expect(() => createRefresher(options(inspect))).toThrow(/allowInProduction: true/)
      const allowed = { inspect, allowInProduction: true }
      expect(() => createRefresher(options(allowed))).not.toThrow()
    }
    const ours = recorder(() => {}, { allowInProduction: true })
    expect(() => createRefresher(options(ours))).not.toThrow()
    expect(() => createRefresher(options())).not.toThrow()
  })

  it('loads nothing until something is to be renewed', async () => {
    const loaded = vi.fn()
    vi.resetModules()
    vi.doMock('../../src/runtime/inspect/watch.ts', loaded)
    const { createRefresher: create } = await import('../../src/index.ts')
    const fresh = { accessToken: 'at', expiresAtMs: systemClock.now() + 3_600_000 }
    const expired = { accessToken: 'at', expiresAtMs: 1e12 }

    await create(options()).refresh(expired)
    await create(options(() => {})).refresh(fresh)
    expect(loaded).not.toHaveBeenCalled()
    await create(options(() => {})).refresh(expired)

    expect(loaded).toHaveBeenCalledTimes(1)
    vi.doUnmock('../../src/runtime/inspect/watch.ts')
    vi.resetModules()
  })

  it('does without what cannot be loaded', async () => {
    vi.resetModules()
    vi.doMock('../../src/runtime/inspect/watch.ts', () => {
      throw new Error('gone')
    })
    const { createRefresher: create } = await import('../../src/index.ts')

    const outcome = await create(options(() => {})).refresh({
      accessToken: 'at',
      expiresAtMs: 1e12,
    })

    expect(outcome.error?.code).toBe('no_refresh_token')
    vi.doUnmock('../../src/runtime/inspect/watch.ts')
    vi.resetModules()
  })
})
