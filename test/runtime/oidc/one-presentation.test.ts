import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { expectServed, world } from '../world.ts'

describe('refresh', () => {
  it('presents once for 1,000 callers of one expired set, in five processes', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    const processes = Array.from({ length: 5 }, () => process())
    expire()

    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => processes[i % 5]!.refresh({ ...tokens })),
    )

    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1, reuses: 0 })
    expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ changed: true, usable: true })
    expect(await server.isLive(outcomes[0]!.accessToken!)).toBe(true)
  })

  it('presents each token once over five generations, 40 callers each', async () => {
    const { server, process, signIn, expire } = await world()
    const processes = [process(), process()]
    let tokens: TokenSet = await signIn()

    for (let generation = 1; generation <= 5; generation += 1) {
      expire()
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, i) => processes[i % 2]!.refresh(tokens)),
      )
      expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
      expectServed(outcomes[0]!)
      tokens = outcomes[0]!.tokens
      expect(server.counts()).toMatchObject({ presentations: generation, granted: generation })
      expect(tokens.grant).toMatch(new RegExp(`\\.${generation}\\.`))
    }
  })

  it('serves the holders of every older set without a call to the AS', async () => {
    const { server, process, signIn, expire, told } = await world()
    const refresher = process()
    const sets: TokenSet[] = [await signIn()]
    for (let i = 0; i < 3; i += 1) {
      expire()
      sets.push((await refresher.refresh(sets.at(-1)!)).tokens)
    }
    const requests: string[] = []
    const other = process({
      staleHolders: 'serve',
      fetch(url, init) {
        requests.push(url)
        return fetch(url, init)
      },
    })

    const outcomes = await Promise.all(sets.slice(0, 3).map((set) => other.refresh(set)))

    for (const outcome of outcomes) expectServed(outcome, sets[3]!.accessToken)
    expect(outcomes.map(({ tokens }) => tokens.refreshToken)).toEqual(
      Array.from({ length: 3 }, () => sets[3]!.refreshToken),
    )
    expect(server.counts().presentations).toBe(3)
    expect(requests.filter((url) => url.endsWith('/token'))).toEqual([])
    expect(told('served')).toHaveLength(3)
  })
})
