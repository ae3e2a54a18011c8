import { startDemoServer, type DemoServer } from '../../src/cli/demo/server.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { TokenSet } from '../../src/index.ts'
import { table } from '../docs/marks.ts'
import { PEERS, type Peer, type Process } from './peers.ts'

const REQUESTS = 20

/** What requests get, one after the other or at once. */
interface Scene {
  readonly name: string
  readonly processes: number
  play(processes: readonly Process[], tokens: TokenSet, server: DemoServer): Promise<Got>
}

type Got = readonly (TokenSet | undefined)[]

/** The set as a request finds it whose access token is over. */
const due = (tokens: TokenSet): TokenSet => ({ ...tokens, expiresAtMs: 0 })

const SCENES: readonly Scene[] = [
  {
    name: '20 requests at once, one process',
    processes: 1,
    play: ([only], tokens) =>
      Promise.all(Array.from({ length: REQUESTS }, () => only!.renew(due(tokens)))),
  },
  {
    name: '20 requests at once, 4 processes',
    processes: 4,
    play: (all, tokens) =>
      Promise.all(
        Array.from({ length: REQUESTS }, (_, index) => all[index % all.length]!.renew(due(tokens))),
      ),
  },
  {
    name: 'a lost answer, then another request',
    processes: 2,
    async play([one, other], tokens, server) {
      server.loseNextAnswer()
      await one!.renew(due(tokens))
      return [await other!.renew(due(tokens))]
    },
  },
  {
    name: 'an old cookie, two renewals later',
    processes: 2,
    async play([one, other], tokens) {
      const second = await one!.renew(due(tokens))
      const third = second && (await one!.renew(due(second)))
      return [third, await other!.renew(due(tokens))]
    },
  },
]

/** Plays every scene with every peer, each at a strict server of its own. */
export async function compared(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = []
  for (const peer of PEERS) {
    const cells: string[] = []
    for (const scene of SCENES) cells.push(await played(peer, scene))
    rows.push([peer.name, ...cells])
  }
  return rows
}

async function played(peer: Peer, { processes, play }: Scene): Promise<string> {
  const clock = systemClock
  await using server = await startDemoServer({
    accessTokenMs: 3_600_000,
    clock,
    kind: 'described',
  })
  const tokens = await server.signIn()
  const got = await play(peer.start(server, processes), tokens, server)

  const { presentedTwice, isLive } = await server.counts(tokens.refreshToken)
  const good = await Promise.all(
    got.map(async (each) => each?.accessToken !== undefined && server.isLive(each.accessToken)),
  )
  const served = `${good.filter(Boolean).length} of ${got.length} served`
  if (presentedTwice > 0) return `presented twice: ${isLive ? served : 'grant lost'}`
  return `presented once: ${served}`
}

export const withComparison = (rows: readonly (readonly string[])[]): string =>
  table(['way', ...SCENES.map(({ name }) => name)], rows)
