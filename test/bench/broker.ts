import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { startBroker } from '../../src/broker/broker.ts'
import type { fileStore } from '../../src/stores/file.ts'
import { built } from '../built.ts'
import { oidc } from './built.ts'
import type { Figure } from './figures.ts'

const REQUESTS = 4_000
const AT_ONCE = 8
const ROUNDS = 5

/** A fresh token from the broker, beside a bare Node server that answers a constant. */
export async function broker(): Promise<readonly Figure[]> {
  const modules = {
    ...(await built<{ startBroker: typeof startBroker }>('src/broker/broker')),
    ...(await built<{ fileStore: typeof fileStore }>('src/stores/file')),
  }
  const home = mkdtempSync(join(tmpdir(), 'bench-broker-'))
  const [ours, bare] = [join(home, 'ours.sock'), join(home, 'bare.sock')]
  const peer = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"a"}\n')
  })
  try {
    await using served = await modules.startBroker({
      providers: { crm: { provider: oidc({ issuer: 'https://id.example' }), client: { id: 'a' } } },
      store: modules.fileStore(join(home, 'ledger')),
      secret: 'a secret of the bench, long enough: 0123456789',
      listen: { socket: ours },
      keepAliveEveryMs: 0,
    })
    void served
    await new Promise<void>((resolve) => peer.listen(bare, resolve))
    const tokens = { access_token: 'a', refresh_token: 'r', expires_in: 36_000 }
    await ask(ours, new Agent(), '/v1/grants/a', JSON.stringify({ provider: 'crm', tokens }))
    const rounds = { ours: [] as number[], bare: [] as number[] }
    for (let round = 0; round <= ROUNDS; round += 1) {
      const times = { bare: await p99(bare, '/'), ours: await p99(ours, '/v1/grants/a/token') }
      if (round === 0) continue
      for (const name of ['bare', 'ours'] as const) rounds[name].push(times[name])
    }
    const middle = (list: number[]): number => list.toSorted((a, b) => a - b)[ROUNDS >> 1]!
    return [
      { name: 'a fresh token over a unix socket, p99', value: middle(rounds.ours), unit: 'ms' },
      { name: 'a bare server over a unix socket, p99', value: middle(rounds.bare), unit: 'ms' },
      {
        name: 'p99 over the bare server',
        value: middle(rounds.ours) - middle(rounds.bare),
        unit: 'ms',
        atMost: 2,
      },
    ]
  } finally {
    peer.close()
    peer.closeAllConnections()
    rmSync(home, { recursive: true, force: true })
  }
}

async function p99(socketPath: string, path: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const times: number[] = []
  async function lane(): Promise<void> {
    for (let count = 0; count < REQUESTS / AT_ONCE; count += 1) {
      const begin = performance.now()
      await ask(socketPath, agent, path)
      times.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  agent.destroy()
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!
}

function ask(socketPath: string, agent: Agent, path: string, body?: string): Promise<void> {
  const method = body === undefined ? 'GET' : 'PUT'
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, agent, method, path }, (response) => {
      response.on('error', reject).on('end', resolve).resume()
    })
    sent.on('error', reject).end(body)
  })
}
