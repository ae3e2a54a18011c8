import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../servers/process.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, LIFETIME_MS, stage, type Stage } from './stage.ts'
import { gate } from '../runtime/clock.ts'

/** The budget of a request is 5 s; a busy machine needs some more. Without one, it was 34 s. */
const WAITED_MAX_MS = 10_000

/** Longer than a process remembers that a server is away, and than a request is over. */
const LATER_MS = 30_000

let world: Stage
let app: App
let connects: string

beforeAll(async () => {
  connects = join(await temporaryDirectory('connects'), 'dots')
  await writeFile(connects, '')
  const loaders = ['ahead.mjs', 'connects.mjs'].map((file) => new URL(file, import.meta.url).href)
  const env = {
    NODE_OPTIONS: loaders.map((url) => `--import ${url}`).join(' '),
    CONNECTS: connects,
  }
  world = await stage({
    accessTokenMs: LIFETIME_MS,
    apps: [{ callbacks: 'ours', client: 'basic', env }],
  })
  app = world.apps[0]!
}, BUILD_MS)
afterAll(() => world?.stop())

/** One request, and for how long the visitor waits. */
async function waited(path: string, cookie: string): Promise<{ text: string; waitedMs: number }> {
  const startedAt = performance.now()
  const response = await fetch(app.origin + path, { headers: { cookie } })
  const text = await response.text()
  return { text, waitedMs: performance.now() - startedAt }
}

const PARTS = [
  ['a bare handler', '/unproxied/bare'],
  ['a page with a layout', '/unproxied'],
  ['a proxy with its layout and page', '/'],
] as const

describe('an authorization server that keeps silent', () => {
  it.each(PARTS)('is waited for once by %s', async (_, path) => {
    const who = await world.visitor(app)
    const cookie = await who.cookie()
    const answer = gate()
    await app.advance(LIFETIME_MS)
    world.server.faults.next({ kind: 'delay', after: answer.opened })

    const { text, waitedMs } = await waited(path, cookie)

    expect(text).toContain('come again')
    expect(waitedMs).toBeLessThan(WAITED_MAX_MS)
    answer.open()
    await world.server.until(() => world.server.counts(who.grant).granted === 1)
    await app.advance(LATER_MS)
    expect(await who.open('/')).toMatch(/^Hello, user-/)
    expect(world.server.counts(who.grant)).toMatchObject({ presentations: 1, reuses: 0 })
    await who.close()
  })
})

describe('an authorization server that refuses connections', () => {
  it('is waited for once by a handler, a page, and a proxy with its page', async () => {
    const visitors = [await world.visitor(app), await world.visitor(app), await world.visitor(app)]
    const cookies = await Promise.all(visitors.map((who) => who.cookie()))
    await app.advance(LIFETIME_MS)
    await world.server.stop()
    const dots = async (): Promise<number> => (await readFile(connects, 'utf8')).length

    for (const [index, [name, path]] of PARTS.entries()) {
      const before = await dots()
      const { text, waitedMs } = await waited(path, cookies[index]!)
      const tries = (await dots()) - before
      expect(text).toContain('come again')
      expect(waitedMs, name).toBeLessThan(WAITED_MAX_MS)
      expect(tries, name).toBeLessThan(10)
      console.info(`${name}: ${Math.round(waitedMs)} ms, ${tries} connections tried`)

      // The process knows it now: a second request waits for nothing.
      const again = await waited(path, cookies[index]!)
      expect(again.text).toContain('come again')
      expect((await dots()) - before - tries, name).toBeLessThanOrEqual(1)
      await app.advance(LATER_MS)
    }
    await Promise.all(visitors.map((who) => who.close()))
  })
})
