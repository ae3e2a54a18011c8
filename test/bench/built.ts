/**
 * The package as it is built, imported by its own name as a user imports it. The types are the
 * source's, so that checking them needs no build.
 */
type Main = typeof import('../../src/index.ts')
type Oidc = typeof import('../../providers/oidc.ts')
type Memory = typeof import('../../src/stores/memory.ts')
type Redis = typeof import('../../src/stores/redis.ts')
type Postgres = typeof import('../../src/stores/postgres.ts')
type Machines = typeof import('../../machines/index.ts')

const built = <M>(path: string): Promise<M> => import(`refresh-once${path}`) as Promise<M>

export const { createRefresher } = await built<Main>('')
export const { oidc } = await built<Oidc>('/providers/oidc')
export const { memoryStore } = await built<Memory>('/stores/memory')
export const { redisStore } = await built<Redis>('/stores/redis')
export const { postgresStore } = await built<Postgres>('/stores/postgres')
export const { refreshMachine } = await built<Machines>('/machines')
