import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { sleep } from '../../../src/core/clock.ts'
import { createSessionGuard } from '../../../src/integrations/react/session-guard.ts'
import { handClock, type HandClock } from '../../runtime/clock.ts'
import { ALICE, BOB, browser, over, pass, settled, type Browser } from './tabs.ts'

const GRACE_MS = 5_000

const refuse = (): never => {
  throw new Error('a fault of the application')
}

let clock: HandClock
let web: Browser

beforeEach(() => {
  clock = handClock()
  web = browser(clock)
})

describe('createSessionGuard in one tab', () => {
  it('says nothing about a session that is well', async () => {
    const { guard, phases } = web.tab({ graceMs: GRACE_MS })

    await pass(clock, 2 * GRACE_MS)

    expect(guard.state).toEqual({ phase: 'quiet' })
    expect(phases).toEqual([])
    expect(web.signOuts).toBe(0)
  })

  for (const error of ['RefreshTokenError', 'RefreshAccessTokenError']) {
    it(`tells of ${error}, and signs out when the time is over`, async () => {
      web.session = over(ALICE, error)
      const { guard, phases } = web.tab({ graceMs: GRACE_MS })

      await pass(clock, 1_000)
      const shown = guard.state
      const toldAtMs = clock.now()
      await pass(clock, GRACE_MS - 100)
      const before = web.signOuts
      await pass(clock, 500)

      expect(shown).toEqual({ phase: 'notice', code: error, signOutAtMs: toldAtMs + GRACE_MS })
      expect(before).toBe(0)
      expect(web.signOuts).toBe(1)
      expect(phases).toEqual(['notice', 'signing_out', 'quiet'])
    })
  }

  it('leaves errors of another kind alone', async () => {
    web.session = over(ALICE, 'SomethingElse')
    const { phases } = web.tab({ graceMs: 0 })

    await pass(clock, 3_000)

    expect(phases).toEqual([])
  })

  it.each([
    ['throws', { identify: () => refuse() }, ALICE],
    ['is asynchronous', { identify: (async () => 'alice') as never }, ALICE],
    ['makes an object', { identify: (() => ({ id: 1 })) as never }, ALICE],
    ['names nothing of a user that JSON cannot show', {}, { user: { id: 1n } }],
  ])('signs out where identify %s', async (_, options, session) => {
    web.session = over(session)
    web.tab({ graceMs: 0, ...options })

    await pass(clock, 2_000)

    expect(web.signOuts).toBe(1)
  })

  it('goes on for the others when a listener throws', async () => {
    web.session = over(ALICE)
    const { guard } = web.tab({ graceMs: 0 })
    onTestFinished(guard.subscribe(refuse))

    await pass(clock, 2_000)

    expect(web.signOuts).toBe(1)
  })

  it('knows the errors it is given', async () => {
    web.session = over(ALICE, 'SomethingElse')
    const { guard } = web.tab({ errors: ['SomethingElse'] })

    await pass(clock, 1_000)

    expect(guard.state.code).toBe('SomethingElse')
  })

  it('signs out at once when the user confirms, and once', async () => {
    web.session = over(ALICE)
    const { guard, phases } = web.tab({ graceMs: Infinity })
    await pass(clock, 3_600_000 / 100)
    const waiting = guard.state

    guard.confirm()
    guard.confirm()
    await pass(clock, 500)
    guard.confirm()
    await pass(clock, 500)

    expect(waiting).toEqual({ phase: 'notice', code: 'RefreshTokenError' })
    expect(web.signOuts).toBe(1)
    expect(phases).toEqual(['notice', 'signing_out', 'quiet'])
  })

  it('has nothing to confirm while nothing is shown', async () => {
    const { guard } = web.tab()

    guard.confirm()
    await pass(clock, 500)

    expect(web.signOuts).toBe(0)
  })

  it('does not flicker for an error that is gone soon', async () => {
    const { phases, show } = web.tab({ debounceMs: 1_000 })

    show({ data: over(ALICE) })
    await pass(clock, 900)
    show({ data: ALICE })
    await pass(clock, 5_000)

    expect(phases).toEqual([])
  })

  it('believes an error that lasts, however often it is told of it', async () => {
    const { phases, show } = web.tab({ debounceMs: 1_000, graceMs: Infinity })

    for (let times = 0; times < 12; times += 1) {
      show({ data: over(ALICE) })
      await pass(clock, 100)
    }

    expect(phases).toEqual(['notice'])
  })

  it('keeps the notice while the session is loading, or away for a moment', async () => {
    web.session = over(ALICE)
    const { phases, show } = web.tab({ debounceMs: 1_000, graceMs: 60_000 })
    await pass(clock, 1_000)

    show({ status: 'loading', data: undefined })
    await pass(clock, 10_000)
    show({ status: 'unauthenticated' })
    await pass(clock, 900)
    show({ data: over(ALICE) })
    await pass(clock, 2_000)

    expect(phases).toEqual(['notice'])
  })

  it('takes the notice away when the session is well again', async () => {
    web.session = over(ALICE)
    const { phases, show } = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 1_000)

    show({ data: ALICE })
    await pass(clock, 2 * GRACE_MS)

    expect(phases).toEqual(['notice', 'quiet'])
    expect(web.signOuts).toBe(0)
  })

  it('takes the notice away when there is no session any more', async () => {
    web.session = over(ALICE)
    const { phases, show } = web.tab({ graceMs: 60_000 })
    await pass(clock, 1_000)
    web.session = null

    for (let times = 0; times < 12; times += 1) {
      show({ status: 'unauthenticated' })
      await pass(clock, 100)
    }

    expect(phases).toEqual(['notice', 'quiet'])
  })

  it('signs nobody out while the server cannot be asked', async () => {
    web.session = over(ALICE)
    const { guard } = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 1_000)
    web.isOnline = false

    await pass(clock, GRACE_MS + 5_000)
    const whileOffline = [web.signOuts, guard.state.phase]
    web.isOnline = true
    await pass(clock, 20_000)

    expect(whileOffline).toEqual([0, 'notice'])
    expect(web.signOuts).toBe(1)
  })

  it('waits until other tabs were answered, which read when it has read', async () => {
    web.session = over(ALICE)
    const { guard, show } = web.tab({ graceMs: Infinity })
    await pass(clock, 1_000)
    const data = over(ALICE)
    const update = async () => {
      await sleep(clock, 400)
      return data
    }
    show({ data, update })

    guard.confirm()
    await pass(clock, 100 + 400 + 2 * 400)
    const before = web.signOuts
    await pass(clock, 200)

    expect([before, web.signOuts]).toEqual([0, 1])
  })

  it('tries a sign-out again that failed', async () => {
    web.session = over(ALICE)
    const { guard } = web.tab({ graceMs: GRACE_MS })
    web.onSignOut = () => Promise.reject(new Error('offline'))
    await pass(clock, 1_000 + GRACE_MS + 200)
    const afterFailure = [web.signOuts, guard.state.phase]

    web.onSignOut = () => (web.session = null)
    await pass(clock, 12_000)

    expect(afterFailure).toEqual([1, 'notice'])
    expect(web.signOuts).toBe(2)
    expect(guard.state.phase).toBe('quiet')
  })

  it('asks again after a failed sign-out when only the user may decide', async () => {
    web.session = over(ALICE)
    const { guard } = web.tab({ graceMs: Infinity })
    web.onSignOut = () => Promise.reject(new Error('offline'))
    await pass(clock, 1_000)
    guard.confirm()

    await pass(clock, 30_000)

    expect(web.signOuts).toBe(1)
    expect(guard.state.phase).toBe('notice')
  })

  it('does nothing while nobody listens, and goes on when somebody does', async () => {
    web.session = over(ALICE)
    const { guard, close } = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 1_000)

    close()
    await pass(clock, 2 * GRACE_MS)
    const before = web.signOuts
    const again = guard.subscribe(() => {})
    await pass(clock, 500)
    again()

    expect(before).toBe(0)
    expect(clock.pending).toEqual([])
    expect(web.signOuts).toBe(1)
  })

  it('stops in the middle of a sign-out that nobody waits for', async () => {
    web.session = over(ALICE)
    const { guard, close } = web.tab({ graceMs: Infinity })
    await pass(clock, 1_000)

    guard.confirm()
    close()
    await pass(clock, 5_000)

    expect(web.signOuts).toBe(0)
    expect(guard.state.phase).toBe('notice')
  })

  it('refuses options that make no sense', () => {
    const signOut = (): void => {}

    expect(() => createSessionGuard({ signOut: undefined as never })).toThrow(TypeError)
    expect(() => createSessionGuard({ signOut, graceMs: NaN })).toThrow(/graceMs/)
    expect(() => createSessionGuard({ signOut, debounceMs: -1 })).toThrow(/debounceMs/)
  })
})

describe('createSessionGuard when the user changes', () => {
  it('leaves the session of somebody else who signed in meanwhile', async () => {
    web.session = over(ALICE)
    const { phases } = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 1_000)
    web.session = BOB

    await pass(clock, 2 * GRACE_MS)

    expect(web.signOuts).toBe(0)
    expect(phases).toEqual(['notice', 'quiet'])
  })

  it('believes what it reads, also of a source that does not tell it', async () => {
    web.session = over(ALICE)
    const { guard, show } = web.tab({ graceMs: Infinity })
    show({ data: over(ALICE), update: async () => BOB })
    await pass(clock, 1_000)

    guard.confirm()
    await pass(clock, 500)

    expect(web.signOuts).toBe(0)
    expect(guard.state.phase).toBe('quiet')
  })

  it('gives somebody else a notice of their own, and the whole time', async () => {
    web.session = over(ALICE)
    const { guard, read } = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 4_000)
    web.session = over(BOB)

    await read()
    const between = guard.state.phase
    await pass(clock, 1_000 + GRACE_MS - 100)
    const before = web.signOuts
    await pass(clock, 500)

    expect(between).toBe('quiet')
    expect(before).toBe(0)
    expect(web.signOuts).toBe(1)
  })

  it('leaves somebody else alone whom the first one confirmed for', async () => {
    web.session = over(ALICE)
    const { guard } = web.tab({ graceMs: Infinity })
    await pass(clock, 1_000)
    web.session = over(BOB)

    guard.confirm()
    await pass(clock, 500)

    expect(web.signOuts).toBe(0)
  })

  it('tells users apart as it is told', async () => {
    web.session = { ...over(ALICE), tenant: 'a' } as never
    const { phases } = web.tab({
      graceMs: GRACE_MS,
      identify: (session) => (session as { tenant?: string }).tenant,
    })
    await pass(clock, 1_000)
    web.session = { ...over(ALICE), tenant: 'b' } as never

    await pass(clock, GRACE_MS + 500)

    expect(web.signOuts).toBe(0)
    expect(phases.slice(0, 2)).toEqual(['notice', 'quiet'])
  })
})

describe('createSessionGuard in several tabs', () => {
  it('signs out once, when all of them come to it at the same moment', async () => {
    web.session = over(ALICE)
    const tabs = Array.from({ length: 6 }, () => web.tab({ graceMs: GRACE_MS }))

    await pass(clock, 1_000 + GRACE_MS + 1_000)

    expect(web.signOuts).toBe(1)
    expect(tabs.map(({ guard }) => guard.state.phase)).toEqual(tabs.map(() => 'quiet'))
    for (const { phases } of tabs) expect(phases).toEqual(['notice', 'signing_out', 'quiet'])
    // One before the sign-out, and one in each of the others after it.
    expect(web.reads).toBe(6)
  })

  it('shows the notice in a tab that had not heard of it', async () => {
    const late = web.tab({ graceMs: 60_000 })
    web.session = over(ALICE)
    web.tab({ graceMs: 60_000 })

    await pass(clock, 2_500)

    expect(late.guard.state.phase).toBe('notice')
  })

  it('takes the notice away in all of them', async () => {
    web.session = over(ALICE)
    const [one, other] = [web.tab(), web.tab()]
    await pass(clock, 1_000)
    web.session = ALICE

    await one.read()
    await pass(clock, 500)

    expect(other.phases).toEqual(['notice', 'quiet'])
  })

  it('signs out in all of them when the user confirms in one', async () => {
    web.session = over(ALICE)
    const tabs = [web.tab(), web.tab(), web.tab()]
    await pass(clock, 1_000)

    tabs[1]!.guard.confirm()
    await pass(clock, 1_000)

    expect(web.signOuts).toBe(1)
    for (const { phases } of tabs) expect(phases).toEqual(['notice', 'signing_out', 'quiet'])
  })

  it('signs out once when a tab comes to it while another is at it', async () => {
    web.session = over(ALICE)
    let finish = (): void => {}
    web.onSignOut = () => new Promise<void>((resolve) => (finish = resolve))
    const [one, other] = [web.tab({ random: drawing(0.9) }), web.tab({ random: drawing(0.1) })]
    await pass(clock, 1_000)
    one.guard.confirm()
    await pass(clock, 300)

    other.guard.confirm()
    await pass(clock, 1_000)
    web.session = null
    finish()
    await pass(clock, 1_000)

    expect(web.signOuts).toBe(1)
    expect(other.guard.state.phase).toBe('quiet')
  })

  it('signs out once when a tab is opened in the middle, and the user confirms there', async () => {
    web.session = over(ALICE)
    let finish = (): void => {}
    web.onSignOut = () => new Promise<void>((resolve) => (finish = resolve))
    const one = web.tab({ random: drawing(0.9) })
    await pass(clock, 1_000)
    one.guard.confirm()
    await pass(clock, 300)
    const other = web.tab({ random: drawing(0.1) })
    await pass(clock, 1_000)

    other.guard.confirm()
    await pass(clock, 1_000)
    web.session = null
    finish()
    await pass(clock, 1_000)

    expect(web.signOuts).toBe(1)
    expect(other.guard.state.phase).toBe('quiet')
  })

  it('signs out by another tab when the first is closed in the middle', async () => {
    web.session = over(ALICE)
    const [one, other] = [web.tab({ graceMs: 20_000 }), web.tab({ graceMs: 20_000 })]
    await pass(clock, 1_000)
    one.guard.confirm()
    await settled()
    one.close()
    const between = other.guard.state.phase

    await pass(clock, 12_000)

    expect(between).toBe('signing_out')
    expect(web.signOuts).toBe(1)
    expect(other.guard.state.phase).toBe('quiet')
  })

  it('leaves a tab with somebody else alone', async () => {
    web.session = over(ALICE)
    const alice = web.tab({ graceMs: GRACE_MS })
    await pass(clock, 1_000)
    web.session = BOB
    const bob = web.tab({ graceMs: GRACE_MS })

    await pass(clock, 2 * GRACE_MS)

    expect(web.signOuts).toBe(0)
    expect([alice.guard.state.phase, bob.guard.state.phase]).toEqual(['quiet', 'quiet'])
    expect(bob.phases).toEqual([])
  })

  it('hears what is no message of its own without a word', async () => {
    web.session = over(ALICE)
    const channel = `test of strangers ${process.pid}`
    const { phases } = web.tab({ channel, graceMs: 60_000 })
    const stranger = new BroadcastChannel(channel)
    await pass(clock, 1_000)

    for (const message of [null, 'signing_out', {}, { code: 'nope', tab: 0 }, { code: 'ended' }]) {
      stranger.postMessage(message)
    }
    await pass(clock, 500)
    stranger.close()

    expect(phases).toEqual(['notice'])
  })

  it('tells other tabs codes and numbers, and nothing else', async () => {
    web.session = over(ALICE)
    const channel = `test of codes ${process.pid}`
    const heard: unknown[] = []
    const ear = new BroadcastChannel(channel)
    ear.addEventListener('message', ({ data }: MessageEvent) => heard.push(data))
    web.tab({ channel, graceMs: GRACE_MS, random: drawing(0.5) })

    await pass(clock, 1_000 + GRACE_MS + 500)
    ear.close()

    expect(heard).toEqual([
      { code: 'ended', tab: 0.5 },
      { code: 'signing_out', tab: 0.5 },
      { code: 'signed_out', tab: 0.5 },
    ])
  })
})

function drawing(fraction: number) {
  return { bytes: (length: number) => new Uint8Array(length), fraction: () => fraction }
}
