import { describe, expect, it } from 'vitest'
import type { Refresher, RefresherOptions, TokenSet } from '../../../src/index.ts'
import { handClock } from '../clock.ts'
import { connectionRefused, expectServed, HOUR_MS, world } from '../world.ts'
import type { ProcessOptions, World, WorldOptions } from '../world.ts'

/** After so long the claim of a process that died may be asked about: 20 s less 15 s, and 30 s. */
const SETTLED_MS = 35_000

/** A process that dies at its send: its clock and its network stand still from then on. */
function dying({ clock, server }: World, does: 'arrive' | 'vanish') {
  let sent = (): void => {}
  const isSent = new Promise<void>((resolve) => (sent = resolve))
  const fetch: NonNullable<RefresherOptions['fetch']> = async (url, init) => {
    if (url !== server.tokenEndpoint) return globalThis.fetch(url, init)
    if (does === 'arrive') await globalThis.fetch(url, init)
    sent()
    return new Promise<Response>(() => {})
  }
  return { options: { clock: handClock(clock.now()), fetch }, isSent }
}

interface Asked extends World {
  /** A process of a client that can authenticate. */
  confidential(options?: ProcessOptions): Refresher
}

async function asked(options: WorldOptions = {}): Promise<Asked> {
  const made = await world({ accessTokenMs: HOUR_MS, ...options })
  const client = made.server.clients.basic
  return { ...made, confidential: (options) => made.process({ client, ...options }) }
}

describe('introspection: a process that dies', () => {
  it('costs no sign-in if its request never arrived', async () => {
    const scene = await asked()
    const tokens = await scene.signIn('basic')
    const holder = dying(scene, 'vanish')
    void scene.confidential(holder.options).refresh(tokens, { refused: true })
    await holder.isSent

    scene.clock.advance(25_000)
    const early = await scene.confidential().refresh(tokens, { refused: true })
    scene.clock.advance(10_000)
    const outcome = await scene.confidential().refresh(tokens, { refused: true })

    expect(early).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'paused' } })
    expect(early.error!.retryAtMs).toBe(scene.clock.now())
    expectServed(outcome)
    expect(scene.told('introspected')).toMatchObject([{ says: 'active', status: 200 }])
  })

  it('is lost if its request arrived, and the grant lives', async () => {
    const scene = await asked()
    const tokens = await scene.signIn('basic')
    const holder = dying(scene, 'arrive')
    void scene.confidential(holder.options).refresh(tokens, { refused: true })
    await holder.isSent

    scene.clock.advance(SETTLED_MS)
    const outcome = await scene.confidential().refresh(tokens, { refused: true })
    const again = await scene.confidential().refresh(tokens, { refused: true })

    for (const each of [outcome, again]) {
      expect(each).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    }
    expect(scene.told('introspected')).toMatchObject([{ says: 'inactive' }])
    expect(scene.server.counts().grants).toEqual({ live: 1, dead: 0 })
  })
})

describe('introspection: an answer that is lost', () => {
  it.each([
    ['request', 'cut_before', 'active'],
    ['answer', 'cut_after', 'inactive'],
  ] as const)('says when, and is found out by asking: a lost %s', async (_name, kind, says) => {
    // The gateway counts what it does not let through.
    const scene = await asked({ presentsTwice: true })
    const tokens = await scene.signIn('basic')
    scene.server.faults.next({ kind })

    const first = await scene.confidential().refresh(tokens, { refused: true })
    const { retryAtMs = 0 } = first.error!
    scene.clock.advance(retryAtMs - scene.clock.now())
    const second = await scene.confidential().refresh(first.tokens, { refused: true })

    expect(first).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'unknown' } })
    expect(retryAtMs).toBeLessThanOrEqual(scene.clock.now())
    expect(second.needsSignIn).toBe(says === 'inactive')
    expect(scene.told('introspected')).toMatchObject([{ says }])
    expect(scene.server.counts().grants).toEqual({ live: 1, dead: 0 })
  })

  it('is lost at once for a client that cannot ask', async () => {
    const scene = await world({ accessTokenMs: HOUR_MS })
    const tokens = await scene.signIn()
    scene.server.faults.next({ kind: 'cut_before' })

    const outcome = await scene.process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'unknown' } })
  })
})

describe('introspection: the question', () => {
  const isQuestion = (url: string): boolean => url.endsWith('/introspection')

  /** A scene whose token nobody has consumed, and whose claim can be asked about. */
  async function due(): Promise<Asked & { readonly tokens: TokenSet }> {
    const scene = await asked()
    const tokens = await scene.signIn('basic')
    const holder = dying(scene, 'vanish')
    void scene.confidential(holder.options).refresh(tokens, { refused: true })
    await holder.isSent
    scene.clock.advance(SETTLED_MS)
    return { ...scene, tokens }
  }

  it('of two processes at once lets one present', async () => {
    const { confidential, tokens, server } = await due()

    const outcomes = await Promise.all([
      confidential().refresh(tokens, { refused: true }),
      confidential().refresh(tokens, { refused: true }),
    ])

    for (const outcome of outcomes) expectServed(outcome)
    expect(server.counts().presentedTwice).toBe(0)
  })

  it('does not let an asker present whose answer is stale', async () => {
    const { confidential, tokens, server } = await due()
    let answer = (): void => {}
    let isAsked = (): void => {}
    const asking = new Promise<void>((resolve) => (isAsked = resolve))
    const held = new Promise<void>((resolve) => (answer = resolve))
    const late = confidential({
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (!isQuestion(url)) return response
        isAsked()
        await held
        return response
      },
    }).refresh(tokens, { refused: true })
    await asking

    const other = await confidential().refresh(tokens, { refused: true })
    answer()
    const outcome = await late

    expectServed(other)
    expectServed(outcome, other.accessToken)
    expect(server.counts().presentedTwice).toBe(0)
  })

  it('is put off while the AS is away, and not for ever', async () => {
    const { confidential, tokens, clock, told } = await due()
    const waitMs = 100
    const fetchAway: NonNullable<RefresherOptions['fetch']> = async (url, init) => {
      if (isQuestion(url)) throw connectionRefused()
      return fetch(url, init)
    }

    const outcome = await confidential({ fetch: fetchAway, waitMs }).refresh(tokens, {
      refused: true,
    })
    clock.advance(600_000)
    const later = await confidential({ fetch: fetchAway, waitMs }).refresh(tokens, {
      refused: true,
    })

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'unreachable' } })
    expect(outcome.error!.retryAtMs).toBeGreaterThan(0)
    expect(later).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(told('introspected')).toMatchObject([{ says: 'later' }, { says: 'later' }])
  })

  it.each<[string, () => Response]>([
    ['active as a text', () => Response.json({ active: 'true' })],
    ['a refusal', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
  ])('leaves the token lost if the answer says nothing: %s', async (_name, answer) => {
    const { confidential, tokens, server } = await due()
    const process = confidential({
      fetch: async (url, init) => (isQuestion(url) ? answer() : fetch(url, init)),
    })

    const outcome = await process.refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
  })
})
