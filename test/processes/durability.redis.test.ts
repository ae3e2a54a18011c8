import { describe, expect, it } from 'vitest'
import { isLong } from '../runs.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { ALL_LOST, NOTHING_LOST, ROWS_LOST } from './chains.ts'
import { suffer, type Disaster } from './disaster.ts'
import {
  brokenLink,
  evicted,
  failover,
  flushed,
  killed,
  powerCut,
  snapshot,
} from './disasters.redis.ts'
import { NEXT, PATIENT, scene } from './scene.ts'
import { beKilled, outlast, type Trouble } from './trouble.ts'

const LONG: readonly Disaster[] = [
  {
    what: 'killed, AOF everysec',
    start: killed({ appendfsync: 'everysec' }),
    leaves: NOTHING_LOST,
  },
  { what: 'killed, nothing on disk', start: killed({}), leaves: ALL_LOST },
]

const DISASTERS: readonly Disaster[] = [
  { what: 'killed, AOF always', start: killed({ appendfsync: 'always' }), leaves: NOTHING_LOST },
  { what: 'power cut, AOF everysec', start: powerCut, leaves: ROWS_LOST },
  { what: 'back with a snapshot three generations old', start: snapshot, leaves: ROWS_LOST },
  { what: 'failed over to a replica that lags', start: failover('primary'), leaves: ROWS_LOST },
  {
    what: 'failed over to a replica that lags, durability replicated',
    start: failover('replicated'),
    leaves: NOTHING_LOST,
  },
  { what: 'flushed', start: flushed, leaves: ALL_LOST },
  ...(isLong ? LONG : []),
  { what: 'flooded by a neighbour, allkeys-lru, allowEviction', start: evicted, leaves: ALL_LOST },
]

describe.concurrent('a ledger in Redis that loses rows, or does not', () => {
  it.each(DISASTERS)('$what: serves and presents what is written down', suffer, 60_000)
})

describe.concurrent('a ledger in Redis with durability replicated', () => {
  it('presents nothing that no replica knows of, and goes on when one is back', brokenLink, 60_000)
})

const TROUBLES: readonly Trouble<RedisServer>[] = [
  {
    what: 'frozen',
    begin: (server) => server.freeze(),
    end: (server) => server.thaw(),
    code: 'store_unavailable',
  },
  {
    what: 'read-only',
    begin: (server) => server.cli('REPLICAOF', '127.0.0.1', '1'),
    end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
    code: 'store_unavailable',
  },
  {
    what: 'full',
    begin: (server) => server.cli('CONFIG', 'SET', 'maxmemory', '1'),
    end: (server) => server.cli('CONFIG', 'SET', 'maxmemory', '0'),
    code: 'store_full',
  },
  {
    what: 'gone',
    begin: (server) => server.kill(),
    end: (server) => server.restart(),
    code: 'store_unavailable',
  },
]

describe.concurrent('a Redis that is in trouble', () => {
  const names = TROUBLES.map(({ what }) => what).join(', ')

  it(`${names}: costs nobody a token or a session, and is made up for`, async () => {
    await using server = await startRedis({ appendfsync: 'always' })

    await outlast(TROUBLES, { spec: { kind: 'redis', url: server.url }, server })
  }, 60_000)

  it('killed again and again: loses nothing that AOF always has', async () => {
    await using server = await startRedis({ appendfsync: 'always' })

    await beKilled({ spec: { kind: 'redis', url: server.url }, server }, isLong ? 60 : 3)
  }, 300_000)

  it('that may evict: is refused, unless told otherwise', async () => {
    await using server = await startRedis({ maxmemory: '4mb', maxmemoryPolicy: 'allkeys-lru' })
    await using stage = await scene({ spec: { kind: 'redis', url: server.url } }, PATIENT)
    const member = await stage.member()

    const outcome = await member.refresh(await stage.signIn(), NEXT)

    expect(outcome).toMatchObject({ usable: false, needsSignIn: false, code: 'store_evicts' })
    expect(stage.server.counts().presentations).toBe(0)
  }, 60_000)
})
