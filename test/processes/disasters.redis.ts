import { expect } from 'vitest'
import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { openDoor } from '../servers/door.ts'
import { startRedis, type RedisOptions, type RedisServer } from '../servers/redis.ts'
import { until } from './chains.ts'
import type { Disaster } from './disaster.ts'
import { NEXT, PATIENT, scene } from './scene.ts'

/** A server of its own; what is to happen to it before, and at, the disaster. */
function alone(
  options: RedisOptions,
  strike: (server: RedisServer) => Promise<void>,
  mark: (server: RedisServer) => Promise<unknown> = async () => {},
  store: { readonly allowEviction?: boolean } = {},
): Disaster['start'] {
  return async () => {
    const server = await startRedis(options)
    return {
      spec: { kind: 'redis', url: server.url, ...store },
      mark: async () => void (await mark(server)),
      strike: () => strike(server),
      [Symbol.asyncDispose]: server.stop,
    }
  }
}

/**
 * The process ends, and the host goes on. With `everysec`, what comes while the disk is being
 * written to waits inside the process, and would be lost: that is waited for.
 */
export const killed = (options: RedisOptions): Disaster['start'] =>
  alone(options, async (server) => {
    const isHandedOver = async (): Promise<boolean> =>
      /aof_buffer_length:0\b/.test(await server.cli('INFO', 'persistence'))
    if (options.appendfsync !== undefined) await until(isHandedOver)
    await server.restart()
  })

export const flushed: Disaster['start'] = alone(
  {},
  async (server) => void (await server.cli('FLUSHALL')),
)

/** Three generations later the server comes back with the snapshot. */
export const snapshot: Disaster['start'] = alone(
  {},
  (server) => server.restart(),
  (server) => server.cli('SAVE'),
)

/** What the host keeps with `everysec`, if its power fails before the next second is written. */
export const powerCut: Disaster['start'] = async () => {
  const server = await startRedis({ appendfsync: 'everysec' })
  const folder = join(server.directory, 'appendonlydir')
  const log = join(
    folder,
    (await readdir(folder)).find((name) => name.endsWith('.incr.aof'))!,
  )
  let written = 0
  return {
    spec: { kind: 'redis', url: server.url },
    async mark() {
      written = (await stat(log)).size
    },
    async strike() {
      await server.kill()
      await truncate(log, written)
      await server.restart()
    },
    [Symbol.asyncDispose]: server.stop,
  }
}

const FLOOD = `
for i = 1, 200 do redis.call('SET', 'neighbour:' .. ARGV[1] .. ':' .. i, string.rep('x', 1000)) end
return #redis.call('KEYS', 'refresh-once:*')`

/** A neighbour writes until nothing of the ledger is left. */
async function flood(server: RedisServer): Promise<void> {
  let turn = 0
  await until(async () => (await server.cli('EVAL', FLOOD, '0', String((turn += 1)))) === '0')
}

export const evicted: Disaster['start'] = alone(
  { maxmemory: '4mb', maxmemoryPolicy: 'allkeys-lru' },
  flood,
  undefined,
  { allowEviction: true },
)

const isCaughtUp = async (primary: RedisServer): Promise<boolean> => {
  const info = await primary.cli('INFO', 'replication')
  const offset = /master_repl_offset:(\d+)/.exec(info)?.[1]
  return /slave0:.*offset=(\d+)/.exec(info)?.[1] === offset
}

/** A primary behind one address, and a replica behind a link that can break. */
async function pair(durability: 'primary' | 'replicated') {
  const primary = await startRedis()
  const link = await openDoor(primary.port)
  const replica = await startRedis({ replicaOf: link })
  // Without a replica of its own, the promoted one could have nothing acknowledged.
  const second = await startRedis({ replicaOf: replica })
  const address = await openDoor(primary.port)
  const all = [address, second, replica, link, primary]
  const url = `redis://127.0.0.1:${address.port}`
  await until(() => isCaughtUp(primary))
  return {
    spec: { kind: 'redis', url, durability } as const,
    /** Breaks the link, once the replica has everything. */
    async part() {
      await until(() => isCaughtUp(primary))
      link.shut()
    },
    mend: () => link.leadTo(primary.port),
    async failOver() {
      await primary.kill()
      await replica.cli('REPLICAOF', 'NO', 'ONE')
      address.leadTo(replica.port)
      await until(() => isCaughtUp(replica))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((each) => each[Symbol.asyncDispose]()))
    },
  }
}

/** The link breaks, three generations later the primary fails, and the replica takes over. */
export function failover(durability: 'primary' | 'replicated'): Disaster['start'] {
  return async () => {
    const servers = await pair(durability)
    return { ...servers, mark: servers.part, strike: servers.failOver }
  }
}

/** The link breaks, and is mended. */
export async function brokenLink(): Promise<void> {
  await using servers = await pair('replicated')
  await using stage = await scene(servers, PATIENT)
  const member = await stage.member()
  const { tokens } = await member.refresh(await stage.signIn(), NEXT)
  await servers.part()

  const refused = await member.refresh(tokens, NEXT)
  const { presentations } = stage.server.counts()
  servers.mend()
  await until(async () => (await member.refresh(tokens, NEXT)).usable)

  expect(refused).toMatchObject({ usable: false, needsSignIn: false, code: 'store_unavailable' })
  expect(presentations).toBe(1)
}
