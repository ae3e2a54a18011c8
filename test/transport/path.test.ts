import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import { handClock } from '../runtime/clock.ts'
import { loopback, say } from './loopback.ts'
import type { Loopback } from './loopback.ts'
import { PRESENTED, transportTo } from './setup.ts'

const IDLE_MS = 300_000
const GRANTED = { access_token: 'at-2', refresh_token: 'rt-2' }

const granting = (): Promise<Loopback> =>
  loopback(({ method }, response) =>
    method === 'HEAD' ? say(response, 404, '') : say(response, 200, GRANTED),
  )

const asked = ({ seen }: Loopback): string[] => seen.map(({ method, url }) => `${method} ${url}`)

/** The system's clock, which a test sets forward: both parts of it, or the wall clock alone. */
function movable(): Clock & { pass(ms: number): void; sleep(ms: number): void } {
  let [passedMs, sleptMs] = [0, 0]
  return {
    ...systemClock,
    now: () => systemClock.now() + passedMs + sleptMs,
    monotonic: () => systemClock.monotonic() + passedMs,
    pass: (ms) => void (passedMs += ms),
    sleep: (ms) => void (sleptMs += ms),
  }
}

function transport(origin: string, clock: Clock, fetch?: FetchOnce, idlePathMs = IDLE_MS) {
  const setup = { clock, idlePathMs, timeoutMs: 15_000, ...(fetch && { fetch }) }
  const made = transportTo(origin, setup)
  return async () => {
    const prepared = await made.prepare(PRESENTED)
    return prepared.ready ? (await prepared.present()).outcome : prepared.code
  }
}

describe('a path that was silent', () => {
  it('is asked before a token is sent, and not while it is busy', async () => {
    const server = await granting()
    const clock = movable()
    const present = transport(server.origin, clock)

    await present()
    clock.pass(IDLE_MS - 1_000)
    await present()
    expect(asked(server)).toEqual(['POST /token', 'POST /token'])
    clock.pass(IDLE_MS + 1_000)
    await present()
    await present()

    expect(asked(server).slice(2)).toEqual(['HEAD /', 'POST /token', 'POST /token'])
  })

  it('is asked after a sleep, by the wall clock', async () => {
    const server = await granting()
    const clock = movable()
    const present = transport(server.origin, clock)

    await present()
    clock.sleep(10_000)
    await present()

    expect(asked(server)).toEqual(['POST /token', 'HEAD /', 'POST /token'])
  })

  it('is told no token and no credentials, and its answer is ignored', async () => {
    const server = await loopback(({ method }, response) =>
      method === 'HEAD'
        ? say(response, 302, '', { location: 'https://evil.example/', 'retry-after': '3600' })
        : say(response, 200, GRANTED),
    )
    const clock = movable()
    const present = transport(server.origin, clock)
    clock.pass(2 * IDLE_MS)

    expect(await present()).toBe('granted')

    const [{ url, body, headers }] = server.seen as [Loopback['seen'][number]]
    expect({ url, body }).toEqual({ url: '/', body: '' })
    expect(JSON.stringify(headers)).not.toMatch(/rt-1|client-secret|authorization|cookie/i)
  })

  it('gets no token where no connection is made', async () => {
    const server = await granting()
    await server.close()
    const clock = movable()
    const sent: unknown[] = []
    const present = transport(server.origin, clock, (url, init) => {
      sent.push(init.method)
      return fetch(url, init)
    })
    clock.sleep(60_000)

    expect(await present()).toBe('unreachable')
    expect(sent).toEqual(['HEAD'])
  })

  it('is asked again while it breaks connections', async () => {
    let broken = 2
    const server = await loopback(({ method }, response, socket) => {
      if (method !== 'HEAD') return say(response, 200, GRANTED)
      return (broken -= 1) >= 0 ? socket.destroy() : say(response, 404, '')
    })
    const clock = movable()
    const present = transport(server.origin, clock)
    clock.sleep(60_000)

    expect(await present()).toBe('granted')
    expect(asked(server)).toEqual(['HEAD /', 'HEAD /', 'HEAD /', 'POST /token'])
  })

  it('gets the token when it is silent for 5 s: not all servers answer such requests', async () => {
    const clock = handClock()
    const sent: unknown[] = []
    const present = transport('https://id.example.com', clock, async (_, { method }) => {
      sent.push(method)
      return method === 'HEAD' ? new Promise(() => {}) : Response.json(GRANTED)
    })
    clock.advance(2 * IDLE_MS)
    const startedAtMs = clock.monotonic()

    expect(await clock.through(present(), (ms) => ms <= 1_500)).toBe('granted')

    expect(sent).toEqual(['HEAD', 'HEAD', 'HEAD', 'POST'])
    expect(clock.monotonic() - startedAtMs).toBe(5_000)
  })

  it('is asked once for all who find it silent', async () => {
    const server = await granting()
    const clock = movable()
    const [one, other] = [transport(server.origin, clock), transport(server.origin, clock)]
    clock.pass(2 * IDLE_MS)

    await Promise.all([one(), other(), one()])

    expect(asked(server).filter((each) => each === 'HEAD /')).toHaveLength(1)
  })

  it('is never asked with Infinity', async () => {
    const server = await granting()
    const clock = movable()
    const present = transport(server.origin, clock, undefined, Infinity)
    clock.sleep(60_000)
    clock.pass(2 * IDLE_MS)

    await present()

    expect(asked(server)).toEqual(['POST /token'])
  })
})
