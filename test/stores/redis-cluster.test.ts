import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import { redisStore, type RedisStoreOptions } from '../../src/stores/redis.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { startRedisCluster, type RedisCluster } from '../servers/redis.ts'
import { allow, CLUSTERS, contract, freshPrefix } from './redis/clients.ts'

const value = Uint8Array.of(0, 255, 10)
const other = Uint8Array.of(7)
const HOUR_MS = 3_600_000
const NAMES = Object.keys(CLUSTERS)

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster?.stop())

for (const [name, connect] of Object.entries(CLUSTERS)) {
  contract(`redisStore of a cluster of ${name}`, () => connect(cluster.url), true)
}

/** Two stores on the same rows, subscribed, each with connections of its own. */
async function pair(name: string, options: RedisStoreOptions = {}, { url } = cluster) {
  const clients = await Promise.all([1, 2, 3, 4].map(() => CLUSTERS[name]!(url)))
  onTestFinished(() => clients.forEach(({ close }) => close()))
  const [one, two, ear, otherEar] = clients.map(({ client }) => client)
  const prefix = freshPrefix()
  return {
    prefix,
    store: redisStore(one!, { prefix, subscriber: ear!, ...options }),
    twin: redisStore(two!, { prefix, subscriber: otherEar!, ...options }),
  }
}

/** The keys that begin so, node by node. */
async function rowsOf(prefix: string): Promise<readonly (readonly string[])[]> {
  const answers = await cluster.cli('KEYS', `${prefix}*`)
  return answers.map((answer) => answer.split('\n').filter(Boolean))
}

/** How often the nodes answered with an error of this name, since they began to count. */
async function answered(code: 'ASK' | 'MOVED' | 'NOSCRIPT'): Promise<number> {
  const answers = await cluster.cli('INFO', 'errorstats')
  const counts = answers.map((answer) =>
    Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(answer)?.[1] ?? 0),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

describe.each(NAMES)('a cluster of three nodes, by %s', (name) => {
  it('keeps each row where its key belongs: on all of the nodes', async () => {
    const { prefix, store, twin } = await pair(name)
    const keys = Array.from({ length: 24 }, (_, index) => `row ${index}`)

    await Promise.all(keys.map((key) => store.swap(key, 0, value, HOUR_MS)))

    const rows = await rowsOf(prefix)
    expect(rows.flat().toSorted()).toEqual(keys.map((key) => prefix + key).toSorted())
    expect(rows.filter((each) => each.length > 0)).toHaveLength(3)
    for (const key of keys) expect(await twin.read(key)).toMatchObject({ version: 1, value })
  })

  it('compares versions while a slot moves, and after it has', async () => {
    const { prefix, store, twin } = await pair(name)
    // Of one slot, by the part in braces.
    const [row, made] = ['{slot} row', '{slot} made meanwhile']
    await store.swap(row, 0, value, HOUR_MS)
    await twin.read(row)
    await cluster.cli('SCRIPT', 'FLUSH')
    await cluster.cli('CONFIG', 'RESETSTAT')

    const moving = await cluster.move(prefix + row)
    const race = await Promise.all(
      [store, twin, store, twin].map((each) => each.swap(made, 0, value, HOUR_MS)),
    )
    expect(await store.swap(row, 1, other, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    expect(await twin.swap(row, 1, value, HOUR_MS)).toMatchObject({ swapped: false, version: 2 })
    expect(await twin.read(row)).toMatchObject({ version: 2, value: other })
    expect(await answered('ASK')).toBeGreaterThan(0)
    expect(await answered('NOSCRIPT')).toBeGreaterThan(0)

    await moving.finish()
    expect(race.filter(({ swapped }) => swapped)).toHaveLength(1)
    expect(await twin.swap(made, 1, other, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    expect(await store.swap(row, 1, value, HOUR_MS)).toMatchObject({ swapped: false, version: 2 })
    expect(await store.swap(row, 2, value, HOUR_MS)).toMatchObject({ swapped: true, version: 3 })
    expect(await twin.read(row)).toMatchObject({ version: 3, value })
    expect(await answered('MOVED')).toBeGreaterThan(0)
  })

  it('lets a chain go on whose rows move while its token is presented', async () => {
    const { prefix, store, twin } = await pair(name)
    await using as = await startOidcServer()
    const [holder, follower] = [store, twin].map((each) =>
      createRefresher({
        refusedFloorMs: 0,
        provider: oidc({ issuer: as.issuer, rotation: 'always' }),
        client: as.clients.public,
        ledger: { store: each },
        onEvent: () => {},
      }),
    )
    let { tokens } = await holder!.refresh(tokenSetOf(await as.signIn()), { refused: true })
    await follower!.refresh(tokens)

    for (const generation of [2, 3]) {
      await cluster.cli('SCRIPT', 'FLUSH')
      await cluster.cli('CONFIG', 'RESETSTAT')
      let letGo = (): void => {}
      as.faults.next({ kind: 'delay', before: new Promise<void>((resolve) => (letGo = resolve)) })
      const held = holder!.refresh(tokens, { refused: true })
      await as.until(({ presentations }) => presentations === generation)
      const followed = follower!.refresh(tokens, { refused: true })
      const moving = await cluster.move(...(await rowsOf(prefix)).flat())
      letGo()
      const [{ accessToken }, outcome] = await Promise.all([held, followed])
      await moving.finish()

      expect(outcome).toMatchObject({ state: 'rotated', accessToken })
      expect(as.counts()).toMatchObject({ presentations: generation, granted: generation })
      expect(await answered('ASK')).toBeGreaterThan(0)
      expect(await answered('NOSCRIPT')).toBeGreaterThan(0)
      tokens = outcome.tokens
    }
    expect(await follower!.refresh(tokens)).toMatchObject({ state: 'fresh', usable: true })
  })

  it('asks for no privilege that the docs do not name, also while a slot moves', async () => {
    const url = await allow(cluster, `least-${name}`)
    const warnings: string[] = []
    const options = {
      prefix: `refresh-once:${name}:`,
      onWarning: (message: string) => void warnings.push(message),
    }
    const { store, twin } = await pair(name, options, { ...cluster, url })

    const woken = store.changed('a', 0, new AbortController().signal)
    await twin.swap('a', 0, value, HOUR_MS)
    await woken
    const moving = await cluster.move(`${options.prefix}a`)
    expect(await store.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    await moving.finish()

    expect(await store.swap('a', 2, value, HOUR_MS)).toMatchObject({ swapped: true, version: 3 })
    expect(await twin.read('a')).toMatchObject({ version: 3 })
    expect(warnings).toEqual([])
  })
})
