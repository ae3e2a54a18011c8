/** One process of a fleet: a refresher of its own, ruled by its parent. Bundled by fleet.ts. */
import { openSync, writeSync } from 'node:fs'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import type { Clock, OnEvent, RefreshOptions, Store, TokenSet } from '../../src/index.ts'
import type { SqliteDatabase } from '../../src/stores/sqlite.ts'
import { grouped } from '../grouped.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Arming, Answer, Command, MemberSetup, Step, StoreSpec } from './member-setup.ts'

const setup = JSON.parse(process.env['MEMBER']!) as MemberSetup
const trace = openSync(setup.trace, 'a')
let arming: Arming | undefined
let steps = 0

function step(name: Step): void {
  writeSync(trace, `${name}\n`)
  steps += 1
  if (arming?.at !== name && arming?.at !== steps) return
  const { signal } = arming
  arming = undefined
  process.kill(process.pid, signal)
}

/** The first byte of a sealed value: the configuration row is not sealed, and no step. */
const SEALED = 1

function traced(store: Store): Store {
  return {
    ...store,
    async read(key) {
      step('ask')
      const stored = await store.read(key)
      step('told')
      return stored
    },
    async swap(key, expected, value, ttlMs) {
      if (value[0] !== SEALED) return store.swap(key, expected, value, ttlMs)
      step('ask')
      const stored = await store.swap(key, expected, value, ttlMs)
      if (stored.swapped) step('swapped')
      step('told')
      return stored
    },
  }
}

async function open(spec: StoreSpec): Promise<Store> {
  if (spec.kind === 'redis') {
    const { createClient } = await import('redis')
    const { redisStore } = await import('../../src/stores/redis.ts')
    const client = createClient({ url: spec.url })
    const subscriber = client.duplicate()
    for (const each of [client, subscriber]) {
      each.on('error', () => {})
      await each.connect()
    }
    const { durability = 'primary', allowEviction = false } = spec
    return redisStore(client, { subscriber, durability, allowEviction })
  }
  if (spec.kind === 'postgres') {
    const { default: pg } = await import('pg')
    const { postgresStore } = await import('../../src/stores/postgres.ts')
    const pool = new pg.Pool({ connectionString: spec.url, max: 8 })
    pool.on('error', () => {})
    const store = postgresStore(pool)
    await store.migrate()
    return store
  }
  if (spec.kind === 'mariadb') {
    const { default: mysql } = await import('mysql2/promise')
    const { sqlStore } = await import('../../src/stores/sql.ts')
    const pool = mysql.createPool({ uri: spec.url, connectionLimit: 8 })
    const store = sqlStore({
      dialect: 'mariadb',
      query: (text, values) => pool.query(text, values),
    })
    await store.migrate()
    return store
  }
  if (spec.kind === 'dynamodb') {
    const { dynamodbClient } = await import('../servers/dynamodb.ts')
    const { dynamodbStore } = await import('../../src/stores/dynamodb.ts')
    return dynamodbStore(await dynamodbClient(spec.url))
  }
  if (spec.kind === 'sqlite') {
    // Not in the types of the oldest Node that is supported.
    const builtin = 'node:sqlite'
    const { DatabaseSync } = (await import(builtin)) as {
      DatabaseSync: new (path: string) => SqliteDatabase
    }
    const { sqliteStore } = await import('../../src/stores/sqlite.ts')
    return sqliteStore(new DatabaseSync(spec.path))
  }
  const { fileStore } = await import('../../src/stores/file.ts')
  return fileStore(spec.path)
}

async function journal(dest: string | undefined): Promise<OnEvent> {
  if (dest === undefined) return () => {}
  const { pino } = await import('pino')
  const log = pino(pino.destination({ dest, append: true, sync: true }))
  return (event) => log.info(event)
}

const { skewMs = 0, issuer, clientId, providerId, reuse, tokenEndpoint } = setup
let sleptMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + skewMs + sleptMs }
const refresher = createRefresher(
  grouped({
    provider: oidc({
      issuer,
      rotation: 'always',
      ...(providerId && { id: providerId }),
      ...(reuse && { reuse }),
      ...(tokenEndpoint && { tokenEndpoint }),
    }),
    checkPathAfterMs: (setup.asksFirst ?? true) ? 300_000 : Infinity,
    client: { id: clientId },
    store: traced(await open(setup.store)),
    clock,
    refusedFloorMs: 0,
    onEvent: await journal(setup.journal),
    async fetch(url, init) {
      const isPresentation =
        typeof init.body === 'string' && init.body.includes('grant_type=refresh_token')
      if (isPresentation) step('send')
      const response = await fetch(url, init)
      if (isPresentation) step('answered')
      return response
    },
    ...setup.options,
  }),
)

async function obey(command: Command): Promise<unknown> {
  if ('arm' in command) {
    arming = command.arm
    steps = 0
    return undefined
  }
  if ('sleptMs' in command) {
    sleptMs += command.sleptMs
    return undefined
  }
  if ('revoke' in command) {
    const { error, ...rest } = await refresher.revoke(command.revoke as TokenSet)
    return { ...rest, code: error?.code }
  }
  const tokens = command.refresh as TokenSet
  const { error, ...rest } = await refresher.refresh(tokens, command.asked as RefreshOptions)
  return { ...rest, code: error?.code, store: error?.store }
}

process.on('message', (command: Command) => {
  void obey(command).then((result) => {
    const answer: Answer = { id: command.id, result }
    process.send!(answer)
  })
})
process.on('disconnect', () => process.exit())
process.send!({ id: 0, result: 'ready' } satisfies Answer)
