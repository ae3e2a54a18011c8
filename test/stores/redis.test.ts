import { Cluster, Redis as IoRedis } from 'ioredis'
import { createClientPool, createCluster, createSentinel } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, type Store } from '../../src/index.ts'
import { redisStore, type RedisClient, type RedisStoreOptions } from '../../src/stores/redis.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { PRIMARY, startRedis, startRedisSentinel, type RedisServer } from '../servers/redis.ts'
import { allow, CLIENTS, contract, freshPrefix } from './redis/clients.ts'

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

for (const [name, connect] of Object.entries(CLIENTS)) {
  contract(`redisStore of ${name}`, () => connect(server.url), false)
  contract(`redisStore of ${name}, subscribed`, () => connect(server.url), true)
}

/** A store for one test, and the client behind it. */
async function storeOn(
  { url }: { readonly url: string },
  options: RedisStoreOptions = {},
): Promise<ReturnType<typeof redisStore>> {
  const { client, close } = await CLIENTS['node-redis']!(url)
  onTestFinished(close)
  return redisStore(client, { prefix: freshPrefix(), ...options })
}

const refusal = (code: string, message: RegExp) => ({
  code,
  store: 'redis',
  message: expect.stringMatching(message),
})

describe('redisStore', () => {
  it('tells its script to a server that forgot it', async () => {
    const store = await storeOn(server)
    await store.swap('a', 0, value, HOUR_MS)
    await server.cli('SCRIPT', 'FLUSH')

    expect(await store.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    expect(await server.cli('INFO', 'commandstats')).toMatch(/cmdstat_eval:calls=\d/)
    expect(await store.read('a')).toMatchObject({ version: 2 })
  })

  it('keeps a row of a few bytes more than its value', async () => {
    const store = await storeOn(server, { prefix: 'small:' })

    await store.swap('a', 0, new Uint8Array(500), HOUR_MS)

    expect(Number(await server.cli('STRLEN', 'small:a'))).toBe(500 + '1 1234567890123 '.length)
    expect(await server.cli('DBSIZE')).not.toBe('0')
  })

  it('says of a key of somebody else to take another prefix, and leaves it alone', async () => {
    const prefix = freshPrefix()
    const store = await storeOn(server, { prefix })
    await server.cli('SET', `${prefix}text`, 'something else')
    await server.cli('LPUSH', `${prefix}list`, 'something else')

    for (const key of ['text', 'list']) {
      const swap = store.swap(key, 0, value, HOUR_MS)
      await expect(swap).rejects.toMatchObject(refusal('store_unavailable', /prefix/))
    }
    expect(await server.cli('GET', `${prefix}text`)).toBe('something else')
  })

  it('is the same store for the same client only', async () => {
    const [one, other] = [
      await storeOn(server, { prefix: 'a' }),
      await storeOn(server, { prefix: 'a' }),
    ]
    const { client, close } = await CLIENTS['ioredis']!(server.url)
    onTestFinished(close)

    expect(one.id).not.toBe(other.id)
    expect(redisStore(client).id).toBe(redisStore(client).id)
    expect(redisStore(client).id).not.toBe(redisStore(client, { prefix: 'b' }).id)
  })

  it('finds the primary by Sentinel', async () => {
    const sentinel = await startRedisSentinel(server)
    onTestFinished(() => sentinel.stop())
    const sentinelRootNodes = [{ host: '127.0.0.1', port: sentinel.port }]
    const [client, subscriber] = await Promise.all(
      [1, 2].map(() => createSentinel({ name: PRIMARY, sentinelRootNodes }).connect()),
    )
    onTestFinished(async () => {
      await Promise.all([client!.destroy(), subscriber!.destroy()])
    })
    const store = redisStore(client!, { prefix: freshPrefix(), subscriber: subscriber! })

    const woken = store.changed('a', 0, new AbortController().signal)
    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true, version: 1 })
    await woken

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: false, version: 1 })
    expect(await store.read('a')).toMatchObject({ value, version: 1 })
  })

  it('takes no client that it does not know, and no settings that cannot be kept', async () => {
    const { client, close } = await CLIENTS['node-redis']!(server.url)
    const pool = createClientPool({ url: server.url })
    await pool.connect()
    const nodes = createCluster({ rootNodes: [] })
    const io = new Cluster([server.url], { lazyConnect: true })
    const byName = createSentinel({ name: PRIMARY, sentinelRootNodes: [] })
    onTestFinished(() => {
      close()
      pool.destroy()
      io.disconnect()
    })

    expect(() => redisStore({} as RedisClient)).toThrow(/node-redis .*, ioredis or iovalkey/)
    expect(() => redisStore(client, { subscriber: client })).toThrow(/duplicate/)
    expect(() => redisStore(client, { durability: 'x' as 'primary' })).toThrow(TypeError)
    for (const several of [pool, nodes, io, byName]) {
      expect(() => redisStore(several, { durability: 'replicated' })).toThrow(/one connection/)
    }
  })
})

describe('a server that may evict rows', () => {
  it.each(['allkeys-lru', 'volatile-ttl'])('is refused (%s), until it does not', async (policy) => {
    const prefix = freshPrefix()
    const store = await storeOn(server, { prefix })
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', policy)
    onTestFinished(() => void server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction'))

    const refused = refusal('store_evicts', new RegExp(`${policy}.*noeviction`))
    await expect(store.read('a')).rejects.toMatchObject(refused)
    await expect(store.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject(refused)
    expect(await server.cli('EXISTS', `${prefix}a`)).toBe('0')
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('is taken with allowEviction, and the protocol is told', async () => {
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    onTestFinished(() => void server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction'))
    const store = await storeOn(server, { allowEviction: true })

    expect(store.mayEvict).toBe(true)
    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })
})

describe('the least privileges of docs/stores.md', () => {
  it('are enough', async () => {
    const url = await allow(server, 'least')
    const warnings: string[] = []
    const { client: subscriber, close } = await CLIENTS['ioredis']!(url)
    onTestFinished(close)
    const store = await storeOn(
      { url },
      { prefix: 'refresh-once:', subscriber, onWarning: (message) => warnings.push(message) },
    )

    const woken = store.changed('a', 0, new AbortController().signal)
    await store.swap('a', 0, value, HOUR_MS)

    await woken
    expect(await store.read('a')).toMatchObject({ version: 1 })
    expect(warnings).toEqual([])
  })

  it('let the store work without INFO, which then says once what it could not check', async () => {
    const url = await allow(server, 'without-info', '+info')
    const warnings: string[] = []
    const onWarning = (message: string): void => void warnings.push(message)
    const store = await storeOn({ url }, { prefix: 'refresh-once:', onWarning })

    await Promise.all([store.read('b'), store.read('c')])
    await store.swap('b', 0, value, HOUR_MS)

    expect(warnings).toEqual([expect.stringMatching(/maxmemory-policy is noeviction/)])
  })

  it('are named where one is missing', async () => {
    const url = await allow(server, 'without-set', '+set')
    const store = await storeOn({ url }, { prefix: 'refresh-once:' })

    const swap = store.swap('d', 0, value, HOUR_MS)

    await expect(swap).rejects.toMatchObject(refusal('store_unavailable', /ACL.*docs\/stores/))
  })
})

describe('a subscriber', () => {
  /** Nobody looks a second time on a clock that stands still: only a message can wake. */
  async function pair(name: string) {
    const prefix = freshPrefix()
    const connect = CLIENTS[name]!
    const clients = await Promise.all([1, 2, 3].map(() => connect(server.url)))
    onTestFinished(() => clients.forEach(({ close }) => close()))
    const [one, other, subscriber] = clients.map(({ client }) => client)
    const clock = manualClock()
    return {
      prefix,
      one: one!,
      store: redisStore(one!, { prefix, subscriber: subscriber!, clock }),
      twin: redisStore(other!, { prefix, subscriber: subscriber! }),
    }
  }

  it.each(Object.keys(CLIENTS))('of %s wakes who waits, and then listens no more', async (name) => {
    const { prefix, store, twin } = await pair(name)
    const { signal } = new AbortController()

    const waits = [store.changed('a', 0, signal), store.changed('a', 0, signal)]
    await subscribers(`${prefix}a`, 1)
    await twin.swap('a', 0, value, HOUR_MS)

    expect(await Promise.all(waits)).toEqual([undefined, undefined])
    await subscribers(`${prefix}a`, 0)
  })

  it.each(Object.keys(CLIENTS))('of %s wakes nobody because it listens', async (name) => {
    const { prefix, store, twin } = await pair(name)
    const giveUp = new AbortController()
    let isWoken = false
    await twin.swap('a', 0, value, HOUR_MS)

    const waits = store.changed('a', 1, giveUp.signal).then(() => (isWoken = true))
    await Promise.race([subscribers(`${prefix}a`, 1), waits])
    // What comes to the same connection later comes after the answer to its subscription.
    const later = store.changed('b', 0, giveUp.signal)
    await subscribers(`${prefix}b`, 1)
    await twin.swap('b', 0, value, HOUR_MS)
    await later

    expect(isWoken).toBe(false)
    giveUp.abort()
    await waits
  })

  it.concurrent.each(Object.keys(CLIENTS))(
    'of %s lets who follows a holder ask a few times only',
    async (name) => {
      const prefix = freshPrefix()
      const clients = await Promise.all([1, 2, 3, 4].map(() => CLIENTS[name]!(server.url)))
      const [one, other, ear, otherEar] = clients.map(({ client }) => client)
      await using as = await startOidcServer()
      const refresherOn = (store: Store) =>
        createRefresher({
          refusedFloorMs: 0,
          provider: oidc({ issuer: as.issuer, rotation: 'always' }),
          client: as.clients.public,
          ledger: { store },
          onEvent: () => {},
        })
      const followed = redisStore(other!, { prefix, subscriber: otherEar! })
      const asked = vi.spyOn(followed, 'swap')
      const holder = refresherOn(redisStore(one!, { prefix, subscriber: ear! }))
      const follower = refresherOn(followed)
      const { tokens } = await holder.refresh(tokenSetOf(await as.signIn()), { refused: true })
      as.faults.next({ kind: 'delay', before: 1_000 })

      const held = holder.refresh(tokens, { refused: true })
      await as.until(({ presentations }) => presentations === 2)
      const { accessToken } = await follower.refresh(tokens, { refused: true })

      expect(await held).toMatchObject({ state: 'rotated', accessToken })
      expect(as.counts().presentations).toBe(2)
      expect(asked.mock.calls.length).toBeLessThan(10)
      clients.forEach(({ close }) => close())
    },
  )

  it('hears which version stands there, and asks no more', async () => {
    const { one, store, twin } = await pair('ioredis')
    await store.read('a')
    const asked = vi.spyOn(one as IoRedis, 'callBuffer')
    const woken = store.changed('a', 0, new AbortController().signal)
    // At first, and when it is sure to hear of changes.
    await expect.poll(() => asked.mock.calls.length).toBe(2)

    await twin.swap('a', 0, value, HOUR_MS)
    await woken

    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('that is gone wakes nobody; who waits looks for themselves', async () => {
    const prefix = freshPrefix()
    const { client: subscriber, close } = await CLIENTS['ioredis']!(server.url)
    close()
    const store = await storeOn(server, { prefix, subscriber })
    const woken = store.changed('a', 0, new AbortController().signal)

    await store.swap('a', 0, value, HOUR_MS)

    await expect(woken).resolves.toBeUndefined()
  })

  /** Resolves when so many connections listen to a channel. */
  async function subscribers(channel: string, count: number): Promise<void> {
    while ((await server.cli('PUBSUB', 'NUMSUB', channel)) !== `${channel}\n${count}`);
  }
})

describe("durability: 'replicated'", () => {
  it('believes no swap that no replica has, not even one found done', async () => {
    const primary = await startRedis()
    onTestFinished(() => primary.stop())
    const clients = await Promise.all([1, 2].map(() => CLIENTS['ioredis']!(primary.url)))
    onTestFinished(() => clients.forEach(({ close }) => close()))
    const storeOf = (which: 0 | 1, replicaTimeoutMs: number) =>
      redisStore(clients[which]!.client, { durability: 'replicated', replicaTimeoutMs })
    const [hasty, hastyTwin, patient] = [storeOf(0, 20), storeOf(1, 20), storeOf(0, 10_000)]
    const alone = refusal('store_unavailable', /replicas/)

    await expect(hasty.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject(alone)
    await expect(hasty.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject(alone)
    const replica = await startRedis({ replicaOf: primary })
    onTestFinished(() => replica.stop())
    await online(primary)

    expect(await patient.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: false, version: 1 })
    expect(await patient.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    replica.freeze()
    await expect(hasty.swap('a', 2, value, HOUR_MS)).rejects.toMatchObject(alone)
    await expect(hastyTwin.swap('a', 2, value, HOUR_MS)).rejects.toMatchObject(alone)
    replica.thaw()
    expect(await patient.swap('a', 3, value, HOUR_MS)).toMatchObject({ swapped: true, version: 4 })
  })

  it('writes once more what it finds done, because WAIT covers what was written', async () => {
    const primary = await startRedis()
    onTestFinished(() => primary.stop())
    const replica = await startRedis({ replicaOf: primary })
    onTestFinished(() => replica.stop())
    await online(primary)
    const store = await storeOn(primary, {
      durability: 'replicated',
      replicaTimeoutMs: 10_000,
      prefix: 'again:',
    })
    await store.swap('a', 0, value, HOUR_MS)
    await primary.cli('CONFIG', 'RESETSTAT')

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: false, version: 1 })

    expect(await primary.cli('INFO', 'commandstats')).toMatch(/cmdstat_set:calls=1,/)
    expect(Number(await primary.cli('PTTL', 'again:a'))).toBeGreaterThan(HOUR_MS - 60_000)
  })

  it('forgets nothing in a failover by Sentinel', async () => {
    const primary = await startRedis()
    onTestFinished(() => primary.stop())
    const replica = await startRedis({ replicaOf: primary })
    onTestFinished(() => replica.stop())
    await online(primary)
    const sentinel = await startRedisSentinel(primary, { hasReplica: true })
    onTestFinished(() => sentinel.stop())
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }]
    const io = new IoRedis({ name: PRIMARY, sentinels }).on('error', () => {})
    onTestFinished(() => io.disconnect())
    const node = await createSentinel({ name: PRIMARY, sentinelRootNodes: sentinels })
      .on('error', () => {})
      .connect()
    onTestFinished(() => node.destroy())
    await using as = await startOidcServer()
    const [before, after] = [redisStore(io, { durability: 'replicated' }), redisStore(node)].map(
      (store) =>
        createRefresher({
          refusedFloorMs: 0,
          provider: oidc({ issuer: as.issuer, rotation: 'always' }),
          client: as.clients.public,
          ledger: { store },
          onEvent: () => {},
        }),
    )
    const spent = tokenSetOf(await as.signIn())
    const { tokens, accessToken } = await before!.refresh(spent, { refused: true })

    await primary.kill()

    await expect
      .poll(() => after!.refresh(spent, { refused: true }), { timeout: 30_000 })
      .toMatchObject({ usable: true, accessToken })
    expect(await after!.refresh(tokens, { refused: true })).toMatchObject({ state: 'rotated' })
    expect(as.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })

  it('reads nothing from a replica, whose rows may be old', async () => {
    const replica = await startRedis({ replicaOf: server })
    onTestFinished(() => replica.stop())
    const store = await storeOn(replica)

    await expect(store.read('a')).rejects.toMatchObject(refusal('store_unavailable', /primary/))
  })

  /** Resolves when a replica of the server has caught up. */
  async function online(primary: RedisServer): Promise<void> {
    while (!(await primary.cli('INFO', 'replication')).includes('state=online'));
  }
})
