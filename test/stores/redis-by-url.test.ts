import { Redis as IoRedis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { redisStore, type OwnRedisStore, type RedisByUrl } from '../../src/stores/redis.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { freshPrefix } from './redis/clients.ts'

type Make = RedisByUrl['createClient']

const MAKERS: Readonly<Record<string, Make>> = {
  'node-redis': createClient,
  ioredis: ({ url }) => new IoRedis(url),
  iovalkey: ({ url }) => new Valkey(url),
}

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000
const EDITS = 20

let server: RedisServer
let databases = 0
let url: string

beforeAll(async () => {
  server = await startRedis({ config: { databases: '100' } })
})
afterAll(async () => {
  await server?.stop()
})
// A database for each test: the list of clients says which of them is in which.
beforeEach(() => {
  url = `${server.url}/${(databases += 1)}`
})

/** A store for one test. */
function storeOf(create: Make, at = url): OwnRedisStore {
  const store = redisStore({ url: at, createClient: create }, { prefix: freshPrefix() })
  onTestFinished(store.close)
  return store
}

/** How many connections there are to the database of this test. */
async function connections(): Promise<number> {
  const lines = (await server.cli('CLIENT', 'LIST')).split('\n')
  return lines.filter((line) => line.includes(` db=${databases} `)).length
}

for (const [name, make] of Object.entries(MAKERS)) {
  storeContract(
    `redisStore of a URL, by ${name}`,
    async () => {
      const prefix = freshPrefix()
      const [store, twin] = [1, 2].map(() =>
        redisStore({ url: server.url, createClient: make }, { prefix }),
      )
      return { store: store!, twin: twin!, close: () => {} }
    },
    { describe, it },
  )
}

describe.each(Object.keys(MAKERS))('redisStore of a URL, by %s', (name) => {
  const make = MAKERS[name]!

  it('opens two connections, whatever number of copies of the module use it', async () => {
    const ids = new Set<string | undefined>()
    const { signal } = new AbortController()

    for (let edits = 0; edits < EDITS; edits += 1) {
      vi.resetModules()
      const copy = await import('../../src/stores/redis.ts')
      const store = copy.redisStore({ url, createClient: make })
      onTestFinished(store.close)
      const woken = store.changed('a', edits, signal)
      expect(await store.swap('a', edits, value, HOUR_MS)).toMatchObject({ swapped: true })
      await woken
      ids.add(store.id)
    }

    expect(await connections()).toBe(2)
    expect(ids.size).toBe(1)
  })

  it('opens as many without the library as the file is edited', async () => {
    const clients = Array.from({ length: EDITS }, () => make({ url }))
    await Promise.all(clients.map(async (client) => connected(client)))

    expect(await connections()).toBe(EDITS)
    for (const client of clients) destroy(client)
  })

  it('wakes a copy that waits, although another copy of the module stops listening', async () => {
    const prefix = freshPrefix()
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        vi.resetModules()
        const copy = await import('../../src/stores/redis.ts')
        return copy.redisStore({ url, createClient: make }, { prefix })
      }),
    )
    onTestFinished(one!.close)
    const giveUp = new AbortController()

    const waits = one!.changed('a', 0, new AbortController().signal)
    const stopped = other!.changed('a', 0, giveUp.signal)
    while ((await server.cli('PUBSUB', 'NUMSUB', `${prefix}a`)) !== `${prefix}a\n1`);
    giveUp.abort()
    await stopped
    await one!.swap('a', 0, value, HOUR_MS)
    await waits

    expect(await other!.read('a')).toMatchObject({ version: 1 })
  })

  it('goes on when the server comes back, and closes its connections when it is told', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const store = storeOf(make, own.url)
    await store.swap('a', 0, value, HOUR_MS)

    await own.restart()

    await expect.poll(() => store.read('a').catch(() => undefined)).toMatchObject({ version: 0 })
    store.close()
    store.close()
    const isOurs = (line: string): boolean => !line.includes('cmd=client')
    const clients = async () => (await own.cli('CLIENT', 'LIST')).split('\n').filter(isOurs)
    await expect.poll(clients).toEqual([])
  })
})

describe('redisStore of a URL', () => {
  it('connects at its first use, because a build loads it as well', async () => {
    const store = storeOf(createClient)
    const before = await connections()

    await store.read('a')

    expect(before).toBe(0)
    expect(await connections()).toBe(1)
  })

  it('keeps servers and databases apart', async () => {
    const [one, other] = [storeOf(createClient), storeOf(createClient, `${server.url}/99`)]

    await one.swap('a', 0, value, HOUR_MS)

    expect(await other.read('a')).toMatchObject({ version: 0 })
    expect(other.id).not.toBe(one.id)
  })

  it('tries again at the next call where a client has given up', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const socket = { reconnectStrategy: false as const }
    const store = storeOf(({ url }) => createClient({ url, socket }), own.url)
    await own.kill()
    await expect(store.read('a')).rejects.toMatchObject({ code: 'store_unavailable' })

    await own.restart()

    await expect.poll(() => store.read('a').catch(() => undefined)).toMatchObject({ version: 0 })
  })

  it.each([
    ['no url', { createClient }, /REDIS_URL/],
    ['an empty url', { url: ' ', createClient }, /REDIS_URL/],
    ['a url that is undefined', { url: undefined, createClient }, /REDIS_URL/],
    ['no createClient', { url: 'redis://:secret@redis' }, /needs createClient/],
    ['a client', { url: 'redis://:secret@redis', createClient: {} }, /needs createClient/],
    ['a function that makes no client', { url: 'a', createClient: () => ({}) }, /takes \{ url/],
    ['a text', 'redis://:secret@redis', /takes \{ url, createClient \}/],
  ])('says what to write for %s', (_, given, message) => {
    const act = (): unknown => redisStore(given as RedisByUrl)

    expect(act).toThrow(TypeError)
    expect(act).toThrow(message)
    expect(act).not.toThrow(/secret/)
  })

  it('takes no subscriber, because it has its own', () => {
    const options = { subscriber: createClient() } as object

    expect(() => redisStore({ url, createClient }, options)).toThrow(/subscriber/)
  })
})

/** Connects a client as people do, which ioredis does by itself. */
async function connected(client: ReturnType<Make>): Promise<void> {
  if ('callBuffer' in client) await client.callBuffer('PING')
  else await (client as unknown as { connect(): Promise<unknown> }).connect()
}

function destroy(client: ReturnType<Make>): void {
  const each = client as unknown as { destroy?(): void; disconnect(): unknown }
  if (each.destroy) each.destroy()
  else each.disconnect()
}
