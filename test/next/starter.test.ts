import { execFile } from 'node:child_process'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { folderOf, type App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, TEST_MS, type Stage } from './stage.ts'
import { together } from './visitor.ts'

const PATCH = fileURLToPath(new URL('starter.patch', import.meta.url))
const LINES_MAX = 12
const EDITS = 8
const STORE_EDITS = 20

const folder = folderOf('starter')
const run = promisify(execFile)

let redis: RedisServer
let world: Stage
let app: App

beforeAll(async () => {
  redis = await startRedis()
  const env = { REDIS_URL: redis.url }
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [{ build: 'starter', callbacks: 'guide', client: 'basic', env }],
  })
  app = world.apps[0]!
}, BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await redis?.stop()
})

/** Crosses two expiries, with four requests at the same time at each. */
async function cross() {
  const who = await world.visitor(app)
  const seen: string[] = []
  for (let expiries = 1; expiries <= 2; expiries += 1) {
    await world.expire(who)
    const paths = Array.from({ length: 4 }, () => '/api/bare')
    seen.push(...(await together(who, paths)), await who.open('/'))
  }
  await who.close()
  return { seen, counts: world.server.counts(who.grant) }
}

/** What is alive in the process of the application. */
interface Alive {
  readonly timers: number
  readonly stores: number
  readonly flights: number
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(app.origin + path)).json()) as T
}

/** Edits the file that makes the refresher, and resolves when the application has it anew. */
async function edit(number: number): Promise<void> {
  let tries = 0
  const isSeen = async (): Promise<boolean> => {
    const names = await get<string[]>('/edits')
    if (names.some((name) => name.startsWith(`edit${number}_`))) return true
    await appendFile(join(folder, 'auth.ts'), `export const edit${number}_${(tries += 1)} = 0\n`)
    return false
  }
  // Whoever asks while Next makes it anew may be the cause that Next goes on with what it had.
  await expect.poll(isSeen, { interval: 1_000, timeout: TEST_MS }).toBe(true)
}

describe('a starter that renews tokens by hand', () => {
  it('loses the grant', async () => {
    const { seen, counts } = await cross()

    expect(counts.reuses).toBeGreaterThan(0)
    expect(counts.grants).toEqual({ live: 0, dead: 1 })
    expect(seen.at(-1)).toBe('No name: sign in again')
  })

  it('presents each refresh token once after a patch of twelve lines', async () => {
    const lines = (await readFile(PATCH, 'utf8')).split('\n')
    const changed = lines.filter((line) => /^[+-](?![+-]{2} )/.test(line))
    expect(changed.length).toBeLessThanOrEqual(LINES_MAX)
    // Not as a part of this repository, which does not track the folder.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: join(folder, '..') }
    await run('git', ['apply', PATCH], { cwd: folder, env })

    const { seen, counts } = await cross()

    expect(counts).toMatchObject({ presentations: 2, presentedTwice: 0, reuses: 0 })
    expect(counts.grants).toEqual({ live: 1, dead: 0 })
    for (const name of seen) expect(name).toMatch(/user-\d+/)
  })

  it('leaves no timer and no store behind when its code is edited while it runs', async () => {
    const who = await world.visitor(app)
    // A page that stood there would ask by itself whenever code has changed.
    await who.page.goto('about:blank')
    const renew = async () => {
      await world.expire(who)
      const answer = await who.context.request.get(`${app.origin}/api/bare`)
      expect(await answer.json()).toEqual({ name: expect.stringMatching(/^user-/) })
    }
    await edit(0)
    await renew()
    const before = await get<Alive>('/alive')

    for (let number = 1; number <= EDITS; number += 1) {
      await edit(number)
      await renew()
    }

    const after = await get<Alive>('/alive')
    expect(after.timers - before.timers).toBeLessThan(EDITS)
    expect(after).toMatchObject({ stores: 1, flights: 0 })
    expect(world.server.counts(who.grant)).toMatchObject({
      presentations: EDITS + 1,
      presentedTwice: 0,
      reuses: 0,
    })
    await who.close()
  })

  it('opens no more connections to Redis when the file of the store is edited', async () => {
    const routes = ['/used', '/used-too']
    const connectionsTo = async (database: number): Promise<number> => {
      const lines = (await redis.cli('CLIENT', 'LIST')).split('\n')
      return lines.filter((line) => line.includes(` db=${database} `)).length
    }
    /** Edits the files of our store and of the client, until both routes have them anew. */
    const editBoth = async (number: number): Promise<void> => {
      let tries = 0
      const isSeen = async (): Promise<boolean> => {
        const names = await Promise.all(routes.map((route) => get<string[][]>(route)))
        const isNew = (all: string[]) => all.some((name) => name.startsWith(`edit${number}_`))
        if (names.flat().every(isNew)) return true
        const line = `export const edit${number}_${(tries += 1)} = 0\n`
        for (const file of ['store.ts', 'client.ts']) await appendFile(join(folder, file), line)
        return false
      }
      await expect.poll(isSeen, { interval: 1_000, timeout: TEST_MS }).toBe(true)
    }

    for (let number = 1; number <= STORE_EDITS; number += 1) await editBoth(number)

    // The client is a control: without the library, each copy of a module makes another one.
    expect(await connectionsTo(2)).toBeGreaterThan(STORE_EDITS)
    expect(await connectionsTo(1)).toBe(1)
  })
})
