import { describe, expect, it } from 'vitest'
import { tokenSource } from '../../src/index.ts'
import type { TokenSet } from '../../src/index.ts'
import { world } from './world.ts'

describe('tokenSource', () => {
  it('refreshes and saves once for many; who loses the compare-and-set is served', async () => {
    const { server, process, signIn, expire } = await world()
    const rows = new Map<string, TokenSet>([['ann', await signIn()]])
    let [won, lost] = [0, 0]
    const sources = [process(), process()].map((refresher) =>
      tokenSource(refresher, {
        load: async (key: string) => rows.get(key),
        async save(key, next, previous) {
          if (rows.get(key)?.refreshToken !== previous.refreshToken) return void (lost += 1)
          rows.set(key, next)
          won += 1
        },
      }),
    )
    expire()

    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sources[i % 2]!.accessToken('ann')),
    )

    expect(new Set(tokens).size).toBe(1)
    expect(rows.get('ann')!.accessToken).toBe(tokens[0])
    expect([won, lost]).toEqual([1, 19])
    expect(server.counts().presentations).toBe(1)
    expect(await sources[0]!.accessToken('ann')).toBe(tokens[0])
    expect(won).toBe(1)
  })

  it('says what is wrong', async () => {
    const { server, process, signIn, expire } = await world()
    const dead = await signIn()
    server.endGrant(dead.refreshToken!)
    expire()
    const source = tokenSource(process(), {
      load: async (key: string) => (key === 'dead' ? dead : undefined),
      save: async () => {},
    })

    expect(await source.get('nobody')).toBeUndefined()
    await expect(source.accessToken('nobody')).rejects.toMatchObject({ code: 'no_tokens' })
    await expect(source.accessToken('dead')).rejects.toMatchObject({ code: 'rejected' })
    expect(await source.get('dead')).toMatchObject({ needsSignIn: true })
  })

  it('rejects as the storage does', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const full = new Error('disk full')
    const source = tokenSource(process(), {
      load: async () => tokens,
      save: () => Promise.reject(full),
    })

    await expect(source.get('ann')).rejects.toBe(full)
    // The ledger holds the set: nothing is lost.
    await expect(source.get('ann')).rejects.toBe(full)
  })
})
