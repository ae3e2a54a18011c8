import { built } from '../built.ts'

/** The types are the sources', so that checking them needs no build. */
type Main = typeof import('../../src/index.ts')
type Oidc = typeof import('../../providers/oidc.ts')
type Memory = typeof import('../../src/stores/memory.ts')
type Redis = typeof import('../../src/stores/redis.ts')
type Postgres = typeof import('../../src/stores/postgres.ts')
type Machines = typeof import('../../machines/index.ts')
type Inspect = typeof import('../../src/inspect/index.ts')

export const { createRefresher } = await built<Main>('src/index')
export const { oidc } = await built<Oidc>('providers/oidc')
export const { memoryStore } = await built<Memory>('src/stores/memory')
export const { redisStore } = await built<Redis>('src/stores/redis')
export const { postgresStore } = await built<Postgres>('src/stores/postgres')
export const { refreshMachine } = await built<Machines>('machines/index')
export const { pageInspector, recorder } = await built<Inspect>('src/inspect/index')
