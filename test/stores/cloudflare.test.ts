import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { d1Store, type D1Database } from '../../src/stores/d1.ts'
import { durableObjectStore, type DurableObjectNamespace } from '../../src/stores/durable-object.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startWorkerd, type Workerd } from '../servers/workerd.ts'

const WORKER = 'test/stores/cloudflare/worker.ts'

let directory: string
let workerd: Workerd
beforeAll(async () => {
  directory = await temporaryDirectory('workerd')
  workerd = await startWorkerd(WORKER, directory)
}, 120_000)
afterAll(async () => {
  await workerd?.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 10 })
})

async function ask(path: string): Promise<unknown> {
  const response = await fetch(new URL(path, workerd.url))
  expect(response.status, await response.clone().text()).toBe(200)
  return response.json()
}

describe.each(['d1', 'durable-object'])('the store of stores/%s, in workerd,', (name) => {
  it('keeps the contract of a store', async () => {
    const results = (await ask(name)) as { sentence: string; why: string }[]

    expect(results.length).toBeGreaterThan(12)
    expect(results.filter(({ why }) => why !== '')).toEqual([])
  })
})

describe('the stores of Cloudflare, in workerd,', () => {
  it('keep rows when the workers are started anew', async () => {
    expect(await ask('write')).toMatchObject([{ swapped: true }, { swapped: true }])

    await workerd.stop()
    workerd = await startWorkerd(WORKER, directory)

    expect(await ask('read')).toMatchObject([{ version: 1 }, { version: 1 }])
  })

  it('forget a row when its time is over', async () => {
    expect(await ask('short')).toMatchObject({ version: 0 })
  })

  it('say what is wrong with a binding', async () => {
    const [d1, object] = (await ask('wrong')) as [string, string]

    expect(d1).toMatch(/^RefreshError: d1: .*await store\.migrate\(\)/)
    expect(object).toMatch(/^RefreshError: durable-object: .*export \{ LedgerRow \}/)
  })
})

describe('d1Store and durableObjectStore', () => {
  it.each([
    [() => d1Store(undefined as unknown as D1Database), /write d1Store\(env\.DB\)/],
    [
      () => d1Store({ prepare() {}, getBookmark() {} } as unknown as D1Database),
      /a session may read from a replica/,
    ],
    [() => d1Store({ prepare() {} } as unknown as D1Database, { table: 'A' }), /table is a string/],
    [
      () => durableObjectStore(undefined as unknown as DurableObjectNamespace),
      /write durableObjectStore\(env\.LEDGER\)/,
    ],
  ])('take no binding that is none: %s', (make, says) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(says)
  })
})
