import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../servers/process.ts'
import { isLong } from '../runs.ts'
import { NEXT, SHORT, scene } from './scene.ts'

/** How often a host sleeps: in CI, and in `npm run verify`. */
const NIGHTS = isLong ? 20 : 2
const NIGHT_MS = 8 * 60 * 60 * 1000

/** How often a path that wakes takes a request and breaks. */
const BREAKS = 2

/** The way from a host to the server: while it is cut, it takes what is sent, and breaks. */
interface Path {
  readonly origin: string
  /** Requests that it took and broke. */
  readonly broken: () => number
  cut(times: number): void
  stop(): void
}

async function pathTo(target: string): Promise<Path> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let [left, broken] = [0, 0]
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (left > 0) {
      left -= 1
      socket.once('data', () => {
        broken += 1
        socket.resetAndDestroy()
      })
      return
    }
    const onward = connect(Number(port), hostname)
    sockets.add(onward)
    onward.on('error', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    broken: () => broken,
    cut: (times) => void (left = times),
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

let folder: string
beforeAll(async () => {
  folder = await temporaryDirectory('wake')
})

/** Lets a process sleep through nights, and counts the mornings on which its token is lost. */
async function nights(asksFirst: boolean): Promise<{ lost: number; presented: number }> {
  const spec = { kind: 'file', path: `${folder}/${asksFirst}` } as const
  await using stage = await scene({ spec }, SHORT, { accessTokenMs: 60_000 })
  const path = await pathTo(stage.server.issuer)
  const tokenEndpoint = `${path.origin}/token`
  const sleeper = await stage.member({ tokenEndpoint, asksFirst })
  let lost = 0
  for (let night = 0; night < NIGHTS; night += 1) {
    const { tokens } = await sleeper.refresh(await stage.signIn(), NEXT)
    const brokenBefore = path.broken()
    sleeper.freeze()
    await sleeper.frozen()
    path.cut(BREAKS)
    sleeper.wake(NIGHT_MS)

    const outcome = await sleeper.refresh(tokens, NEXT)

    expect(path.broken()).toBeGreaterThan(brokenBefore)
    path.cut(0)
    expect(outcome.needsSignIn || outcome.usable).toBe(true)
    if (outcome.needsSignIn) lost += 1
  }
  path.stop()
  return { lost, presented: stage.server.counts().presentations }
}

describe('a process that sleeps, and wakes in a network that takes a request and breaks', () => {
  it('loses its token each morning if it sends at once', async () => {
    const { lost, presented } = await nights(false)

    console.info(`sent at once: ${lost} of ${NIGHTS} tokens lost`)
    expect({ lost, presented }).toEqual({ lost: NIGHTS, presented: NIGHTS })
  }, 120_000)

  it('loses none if it asks the path first', async () => {
    const { lost, presented } = await nights(true)

    console.info(`asked first: ${lost} of ${NIGHTS} tokens lost`)
    expect({ lost, presented }).toEqual({ lost: 0, presented: 2 * NIGHTS })
  }, 120_000)
})
