import { describe, expect, it, vi } from 'vitest'
import type { Refresher, RefreshOptions, TokenSet } from '../../../src/index.ts'
import {
  databaseCallbacks,
  refreshCallbacks,
  signOutEvent,
} from '../../../src/integrations/auth-js.ts'
import { gate } from '../../runtime/clock.ts'
import { HOUR_MS, world } from '../../runtime/world.ts'

const WAIT_MS = 5_000

/** A user whose access token is over, at an AS that keeps its answer back until the gate opens. */
async function silence(options: { readonly waitMs?: number } = {}) {
  const { server, process, signIn, clock } = await world()
  const token = { ...(await signIn()), provider: 'oidc' }
  const callbacks = refreshCallbacks({ oidc: process() }, { clock, ...options })
  const answer = gate()
  server.faults.next({ kind: 'delay', after: answer.opened })
  clock.advance(HOUR_MS)

  /** What a part of the request sees: its access token, and for how long it has waited. */
  async function part(): Promise<{ accessToken: unknown; error: unknown; waitedMs: number }> {
    const startedAtMs = clock.monotonic()
    const renewed = await callbacks.jwt({ token })
    const waitedMs = clock.monotonic() - startedAtMs
    const session = { user: {}, expires: '' }
    const shown: Record<string, unknown> = await refreshCallbacks(
      { oidc: process() },
      { exposeAccessToken: true },
    ).session({ session, token: renewed })
    return { accessToken: shown['accessToken'], error: shown['error'], waitedMs }
  }
  return { server, clock, answer, part, token }
}

describe('the parts of one request', () => {
  it('wait for a silent AS no longer than one of them, and nobody is signed out', async () => {
    const { server, clock, answer, part } = await silence()

    const proxy = part()
    await server.until(({ granted }) => granted === 1)
    clock.advance(WAIT_MS)
    const parts = [await proxy, await part(), ...(await Promise.all([part(), part()]))]

    expect(parts.map(({ waitedMs }) => waitedMs)).toEqual([WAIT_MS, 0, 0, 0])
    for (const { error } of parts) expect(error).toBeUndefined()
    answer.open()
    expect(server.counts().presentations).toBe(1)
  })

  it('have what is left of the time when one of them comes later', async () => {
    const { server, clock, answer, part } = await silence({ waitMs: 1_000 })

    const [proxy, layout] = [part(), part()]
    await server.until(({ granted }) => granted === 1)
    clock.advance(400)
    const page = part()
    clock.advance(600)

    const waited = (await Promise.all([proxy, layout, page])).map(({ waitedMs }) => waitedMs)
    expect(waited).toEqual([1_000, 1_000, 600])
    answer.open()
  })

  it('are served by the answer that came late, and wait anew in another request', async () => {
    const { server, clock, answer, part, token } = await silence()
    const first = part()
    await server.until(({ granted }) => granted === 1)
    clock.advance(WAIT_MS)
    await first

    clock.advance(2_000)
    const later = part()
    answer.open()

    const { accessToken, error } = await later
    expect(error).toBeUndefined()
    expect(accessToken).not.toBe(token.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 1, presentedTwice: 0 })
  })
})

describe('a platform that stops a process with its response', () => {
  it.each([
    ['waits for the exchange', {}, Infinity],
    ['does not, if it takes the exchange', { waitUntil: () => {} }, WAIT_MS],
    ['does not, if the application says so', { waitMs: 7 }, 7],
  ])('%s', async (_, options, waitMs) => {
    vi.stubEnv('VERCEL', '1')
    const { process, signIn } = await world()
    const asked: unknown[] = []
    const refresh = (tokens: TokenSet, options?: RefreshOptions) => {
      asked.push(options?.waitMs)
      return process().refresh(tokens, options)
    }
    const { jwt } = refreshCallbacks(
      { oidc: { ...process(), refresh: refresh as Refresher['refresh'] } },
      options,
    )

    await jwt({ token: { ...(await signIn()), provider: 'oidc' } })

    expect(asked).toEqual([waitMs])
  })
})

describe('a sign-out', () => {
  it('goes on without an AS that keeps silent', async () => {
    const { process, signIn, clock } = await world()
    const revoke: Refresher['revoke'] = () => new Promise(() => {})
    const signOut = signOutEvent({ oidc: { ...process(), revoke } }, { clock })

    const done = signOut({ token: await signIn() })
    await clock.timer((ms) => ms === WAIT_MS)
    clock.advance(WAIT_MS)

    await expect(done).resolves.toBeUndefined()
  })
})

describe('waitMs', () => {
  it.each([-1, NaN, '5000', null])('is refused as %j', (given) => {
    const options = { waitMs: given as number }
    const rows = { find: async () => [], update: async () => {} }

    for (const make of [refreshCallbacks, signOutEvent]) {
      expect(() => make({}, options)).toThrow(TypeError)
      expect(() => make({}, options)).toThrow(/waitMs/)
    }
    expect(() => databaseCallbacks({}, { ...rows, ...options })).toThrow(TypeError)
  })
})
