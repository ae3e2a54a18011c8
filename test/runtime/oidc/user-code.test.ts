import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recorder } from '../../../src/inspect/index.ts'
import type { TokenSet } from '../../../src/index.ts'
import { STORE_MS } from '../../../src/runtime/timing.ts'
import { gate } from '../clock.ts'
import { world } from '../world.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})

/** Node ends a process for a rejection that stays unhandled for a turn of its loop. */
afterEach(async () => {
  for (let turns = 0; turns < 5; turns += 1) {
    await new Promise((turned) => setImmediate(turned))
  }
  process.off('unhandledRejection', note)
  if (unhandled.length > 0) throw new Error(`unhandled: ${unhandled.map(String).join(', ')}`)
})

const failure = (): Error => new Error('the database is away')

/** Every way in which a function of the application's can fail. */
const FAILING: Readonly<Record<string, () => never>> = Object.fromEntries(
  Object.entries({
    throws: () => {
      throw failure()
    },
    'throws nothing': () => {
      // oxlint-disable-next-line typescript/only-throw-error -- some applications do
      throw undefined
    },
    rejects: () => Promise.reject(failure()),
    'rejects later': () => new Promise((_, reject) => setImmediate(() => reject(failure()))),
    'answers a thenable that rejects': () => ({
      then: (_: unknown, reject: (error: Error) => void) => reject(failure()),
    }),
    'answers a thenable that throws': () => ({
      get then() {
        throw failure()
      },
    }),
    'rejects in another realm': () =>
      runInNewContext('(error) => Promise.reject(error)')(failure()) as unknown,
    'never ends': () => new Promise(() => {}),
  } satisfies Record<string, () => unknown>),
) as Record<string, () => never>

const RENEWED = { state: 'rotated', usable: true, error: undefined }

describe('a function of the application that fails', () => {
  it.each(Object.entries(FAILING))('costs no token as onEvent: %s', async (_, fail) => {
    const { server, process: start, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    expect(await start({ onEvent: fail }).refresh(tokens)).toMatchObject(RENEWED)
    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1 })
  })

  it('costs no token as waitUntil', async () => {
    const { process: start, signIn, expire } = await world()
    for (const waitUntil of Object.values(FAILING)) {
      const tokens = await signIn()
      expire()

      expect(await start().refresh(tokens, { waitUntil })).toMatchObject(RENEWED)
    }
  })

  it('costs no token as an inspector', async () => {
    const { process: start, signIn, expire, clock } = await world()
    for (const fail of Object.values(FAILING)) {
      for (const inspect of [fail, { lines: fail }, recorder(fail)]) {
        const tokens = await signIn()
        expire()
        const refresher = start({ inspect, clock })

        expect(await refresher.refresh(tokens)).toMatchObject(RENEWED)
      }
    }
  })

  it('is no word about the chain as reload', async () => {
    const { process: start, signIn, expire, clock } = await world({ presentsTwice: true })
    for (const [way, reload] of Object.entries(FAILING)) {
      const tokens = { ...(await signIn()), refreshToken: `made-up ${way}` }
      expire()

      const refreshing = start({ reload }).refresh(tokens)
      const outcome = await clock.through(refreshing, (ms) => ms > 15_000)

      expect(outcome).toMatchObject({ state: 'revoked', error: { code: 'rejected' } })
    }
  })

  it('sends nothing as client authentication', async () => {
    const { server, process: start, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    for (const clientAuthentication of Object.values(FAILING)) {
      const refreshing = start({ axes: { clientAuthentication }, waitMs: 1_000 }).refresh(tokens)
      const outcome = await clock.through(refreshing, (ms) => ms === 15_000 || ms <= 800)

      expect(outcome).toMatchObject({ state: 'error', usable: false, needsSignIn: false })
    }
    expect(server.counts().presentations).toBe(0)
  })

  it.each(['read', 'validate'] as const)('costs nothing more in answers: %s', async (name) => {
    const { process: start, signIn, expire } = await world()
    const { 'never ends': _, ...ending } = FAILING
    for (const fail of Object.values(ending)) {
      const tokens = await signIn()
      expire()

      const outcome = await start({ axes: { response: { [name]: fail } } }).refresh(tokens)

      expect(outcome).toMatchObject(RENEWED)
    }
  })

  it.each(['read', 'validate'] as const)('is given up if it never ends: %s', async (name) => {
    const { process: start, signIn, expire, clock } = await world()
    const called = gate()
    const fail = (): Promise<never> => {
      called.open()
      return new Promise(() => {})
    }
    const tokens = await signIn()
    expire()

    const refreshing = start({ axes: { response: { [name]: fail } } }).refresh(tokens)
    await called.opened

    expect(await clock.through(refreshing, (ms) => ms <= 15_000)).toMatchObject(RENEWED)
  })

  it('is given up as fetch, also if its late answer is none of the web', async () => {
    const { process: start, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    let answer: (value: unknown) => void = () => {}
    const slow = new Promise((resolve) => (answer = resolve))
    const refreshing = start({ fetch: () => slow as Promise<Response>, waitMs: 1_000 })

    const outcome = await clock.through(refreshing.refresh(tokens), (ms) => ms === 15_000)
    answer({ status: 200, body: { pipe() {} } })

    expect(outcome).toMatchObject({ usable: false })
  })

  it('is told once as onSignIn of a keeper, and ends nothing', async () => {
    const { process: start, signIn, expire } = await world({ presentsTwice: true })
    for (const [way, fail] of Object.entries(FAILING)) {
      const tokens = { ...(await signIn()), refreshToken: `made-up ${way}` }
      expire()
      let tell = (): void => {}
      const told = new Promise<void>((resolve) => (tell = resolve))
      const keeper = start().keep(tokens, {
        onChanged() {},
        onSignIn() {
          tell()
          return fail()
        },
      })
      await told

      expect(keeper.current).toMatchObject({ needsSignIn: true })
      await keeper.stop()
    }
  })

  it('is called again as onChanged of a keeper, also if it never ended', async () => {
    const { process: start, signIn, expire, clock } = await world()
    for (const fail of Object.values(FAILING)) {
      const offered: TokenSet[] = []
      let end = (): void => {}
      const again = new Promise<void>((resolve) => (end = resolve))
      const tokens = await signIn()
      expire()
      const keeper = start().keep(tokens, {
        onChanged(next) {
          offered.push(next)
          if (offered.length === 1) return fail()
          end()
        },
      })
      await clock.through(again, (ms) => ms === STORE_MS || ms === 1_000)
      await keeper.stop()

      expect(offered[1]).toEqual(offered[0])
      expect(keeper.current).toMatchObject({ usable: true })
    }
  })

  it('holds up neither stop nor drain for ever as onChanged', async () => {
    const { process: start, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const refresher = start()
    let tell = (): void => {}
    const called = new Promise<void>((resolve) => (tell = resolve))
    const keeper = refresher.keep(tokens, {
      onChanged() {
        tell()
        return new Promise(() => {})
      },
    })
    await called

    await clock.through(Promise.all([keeper.stop(), refresher.drain()]), (ms) => ms === STORE_MS)

    expect(keeper.current).toMatchObject({ changed: true })
  })
})
