import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { httpStore, type HttpStoreOptions } from '../../src/stores/http.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { startRestShim, type RestShim } from './redis-rest-shim.ts'

const value = Uint8Array.of(0, 10, 13, 127, 128, 194, 255)

let server: RedisServer
let shim: RestShim
let prefixes = 0
beforeAll(async () => {
  server = await startRedis()
  shim = await startRestShim(server.port)
})
afterAll(async () => {
  await shim?.stop()
  await server?.stop()
})

const storeOf = (options: Partial<HttpStoreOptions> = {}) =>
  httpStore({ url: shim.url, token: shim.token, prefix: `test-${(prefixes += 1)}:`, ...options })

storeContract(
  'httpStore',
  () => {
    const prefix = `contract-${(prefixes += 1)}:`
    return { store: storeOf({ prefix }), twin: storeOf({ prefix }) }
  },
  { describe: describe.concurrent, it },
)

describe('httpStore', () => {
  it('shares its rows with redisStore', async () => {
    const client = await createClient({ url: server.url }).connect()
    onTestFinished(() => client.destroy())
    const prefix = 'shared:'
    const [http, redis] = [storeOf({ prefix }), redisStore(client, { prefix })]

    await http.swap('a', 0, value, 60_000)
    await redis.swap('b', 0, value, 60_000)

    expect(await redis.read('a')).toMatchObject({ value, version: 1 })
    expect(await http.read('b')).toMatchObject({ value, version: 1 })
    expect(await http.swap('b', 0, value, 60_000)).toMatchObject({ value, swapped: false })
  })

  it('sends the script once, and its digest from then on', async () => {
    await server.cli('SCRIPT', 'FLUSH')
    const store = storeOf({ allowEviction: true })
    shim.commands.length = 0

    await store.read('a')
    await store.read('a')

    expect(shim.commands.map(([command]) => command)).toEqual(['EVALSHA', 'EVAL', 'EVALSHA'])
  })

  it('sends with the fetch it was given, which follows no redirect and asks no cache', async () => {
    const inits: RequestInit[] = []
    const store = storeOf({
      fetch(url, init) {
        inits.push(init)
        return fetch(url, init)
      },
    })

    await store.read('a')

    expect(inits.length).toBeGreaterThan(0)
    for (const init of inits) {
      expect(init).toMatchObject({ method: 'POST', redirect: 'manual', cache: 'no-store' })
      expect(init.headers).toMatchObject({ authorization: `Bearer ${shim.token}` })
    }
  })

  it('gives a request up that takes too long, and says so', async () => {
    const store = storeOf({
      timeoutMs: 5,
      fetch: (_, { signal }) =>
        new Promise((_, reject) => {
          signal!.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    })

    await expect(store.read('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      store: 'http',
    })
  })

  it('reads no answer without an end', async () => {
    let chunks = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1
        if (chunks > 100) controller.close()
        else controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    const store = storeOf({ fetch: async () => new Response(endless) })

    await expect(store.read('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/too long/),
    })
    expect(chunks).toBeLessThan(20)
  })

  it.each([
    [401, /token/],
    [404, /url/],
    [429, /quota/],
    [302, /status 302/],
    [500, /status 500/],
  ])('says what to do about status %d', async (status, message) => {
    shim.status = status
    onTestFinished(() => void (shim.status = undefined))

    await expect(storeOf().read('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      store: 'http',
      message: expect.stringMatching(message),
    })
  })

  it('says that the token is wrong, and never shows it', async () => {
    const error: unknown = await storeOf({ token: 'wrong-token' })
      .read('a')
      .catch((error: unknown) => error)

    expect(error).toMatchObject({ message: expect.stringContaining('refuses the token') })
    expect(JSON.stringify(error)).not.toContain('wrong-token')
  })

  it.each([
    ['http://redis.example.com', 'token', /https/],
    ['', 'token', /https url/],
    ['https://redis.example.com', '', /token/],
  ])('cannot be made for url %j and token %j', (url, token, message) => {
    expect(() => httpStore({ url, token })).toThrow(TypeError)
    expect(() => httpStore({ url, token })).toThrow(message)
  })
})
