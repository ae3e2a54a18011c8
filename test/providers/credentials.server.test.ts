import { describe, expect, it, onTestFinished } from 'vitest'
import { createRefresher } from '../../src/index.ts'
import type { Outcome, Refresher, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from '../runtime/clock.ts'
import { SHAPES, type Shape } from './backend-shapes.ts'
import { startBackend } from './express-backend.ts'

const HOUR_S = 3_600

let names = 0

async function world({ login, api: apiAt }: Shape) {
  const clock = handClock()
  const server = await startBackend({
    users: { ada: 'lovelace' },
    accessTokenS: HOUR_S,
    now: clock.now,
  })
  onTestFinished(server.stop)
  const api = apiAt(server.origin)
  const store = memoryStore({ name: `credentials-${(names += 1)}`, clock })

  return {
    server,
    api,
    clock,
    /** A refresher that shares nothing with others but the store. */
    process: (): Refresher =>
      createRefresher({
        provider: api,
        ledger: { store: { ...store, id: `process ${(names += 1)}` } },
        clock,
        onEvent: () => {},
      }),
    async signIn(password = 'lovelace'): Promise<TokenSet> {
      const response = await fetch(`${server.origin}${login}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'ada', password }),
      })
      return api.signIn(response, clock.now())
    },
    pass: (seconds: number): void => clock.advance(seconds * 1000),
    async isGood({ accessToken }: { readonly accessToken?: string | undefined }) {
      const headers = { authorization: `Bearer ${accessToken}` }
      return (await fetch(`${server.origin}/me`, { headers })).ok
    },
  }
}

describe.each(SHAPES)('a backend of one’s own: $name', (shape) => {
  it('is asked once for each token, over two expiries, by 20 at once and old sets', async () => {
    const { server, process, signIn, pass, isGood } = await world(shape)
    const processes = [process(), process()]
    const sets: TokenSet[] = [await signIn()]

    for (let expiry = 1; expiry <= 2; expiry += 1) {
      pass(HOUR_S)
      // All that was ever handed out, in two processes.
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) => processes[i % 2]!.refresh(sets[i % sets.length]!)),
      )
      expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ usable: true, needsSignIn: false })
      expect(await isGood(outcomes[0]!)).toBe(true)
      expect(server.counts()).toMatchObject({ presentations: expiry, ofOneMax: 1 })
      sets.push(outcomes[0]!.tokens)
    }
  })

  it('is lost to a callback as the tutorials write it', async () => {
    const { server, api, clock, signIn, pass, isGood } = await world(shape)

    /** Auth.js' `jwt` callback, by hand. */
    async function jwtCallback(token: TokenSet & { error?: string }): Promise<typeof token> {
      if (clock.now() < token.expiresAtMs!) return token
      const response = await shape.byHand(server.origin, token.refreshToken!)
      if (!response.ok) return { ...token, error: 'RefreshAccessTokenError' }
      return { ...token, ...(await api.signIn(response, clock.now())) }
    }

    let cookie: TokenSet & { error?: string } = await signIn()
    for (let expiry = 1; expiry <= 2; expiry += 1) {
      pass(HOUR_S)
      const answers = await Promise.all(Array.from({ length: 20 }, () => jwtCallback(cookie)))
      // Of several Set-Cookie of concurrent answers, a browser keeps the last.
      cookie = answers.at(-1)!
    }

    expect(cookie.error).toBe('RefreshAccessTokenError')
    expect(await isGood(cookie)).toBe(false)
    expect(server.counts().ofOneMax).toBeGreaterThanOrEqual(20)
  })

  it('asks to sign in when the backend says that the token is dead', async () => {
    const { server, process, signIn, pass } = await world(shape)
    const tokens = await signIn()
    server.endSessions()
    pass(HOUR_S)
    const refresher = process()

    const outcomes = [await refresher.refresh(tokens), await process().refresh(tokens)]

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ state: 'revoked', needsSignIn: true, usable: false })
    }
    expect(outcomes[0]!.error).toMatchObject({ code: 'rejected', status: 401 })
    expect(server.counts().presentations).toBe(1)
  })

  it('signs nobody out for a 503 that is described as said before the token is seen', async () => {
    const { server, process, signIn, pass, isGood } = await world(shape)
    const tokens = await signIn()
    server.faults.push('maintenance', 'maintenance')
    pass(HOUR_S - 30)
    const refresher = process()

    const early = await refresher.refresh(tokens)
    pass(90)
    const late = await refresher.refresh(early.tokens)
    pass(90)
    const up = await refresher.refresh(late.tokens)

    expect(early).toMatchObject({ usable: true, needsSignIn: false })
    expect(late).toMatchObject({ state: 'error', usable: false, needsSignIn: false })
    expect(up).toMatchObject({ state: 'rotated', needsSignIn: false })
    expect(await isGood(up)).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, ofOneMax: 1 })
  })

  it.each(['cut', 'half'] as const)(
    'presents no token again whose answer was lost (%s)',
    async (fault) => {
      const { server, process, signIn, pass } = await world(shape)
      const tokens = await signIn()
      server.faults.push(fault)
      pass(HOUR_S - 30)

      const early = await process().refresh(tokens)
      pass(30)
      const late = await process().refresh(early.tokens)

      expect(early).toMatchObject({
        usable: true,
        accessToken: tokens.accessToken,
        needsSignIn: false,
      })
      expect(late).toMatchObject({ state: 'error', usable: false, needsSignIn: true })
      expect(server.counts()).toMatchObject({ presentations: 1, ofOneMax: 1 })
    },
  )

  it('presents no token again that was taken away without a successor', async () => {
    const { server, process, signIn, pass, isGood } = await world(shape)
    const tokens = await signIn()
    server.faults.push('no successor')
    pass(HOUR_S)
    const refresher = process()

    const last = await refresher.refresh(tokens)
    expect(await isGood(last)).toBe(true)
    expect(last.tokens.refreshToken).toBeUndefined()
    pass(HOUR_S)
    const over: Outcome[] = [await refresher.refresh(last.tokens), await refresher.refresh(tokens)]

    for (const outcome of over) expect(outcome).toMatchObject({ usable: false, needsSignIn: true })
    expect(server.counts()).toMatchObject({ presentations: 1, ofOneMax: 1 })
  })

  it('reads no sign-in out of a refusal', async () => {
    const { signIn } = await world(shape)

    await expect(signIn('byron')).rejects.toMatchObject({ code: 'refused', status: 401 })
  })
})
