import { describe, expect, it } from 'vitest'
import { isLong } from '../runs.ts'
import { BACKENDS } from './backends.ts'
import { backendOf, NEXT, scene } from './scene.ts'

const GENERATIONS = 20
const STORMS = isLong
  ? [
      { processes: 4, callers: 25 },
      { processes: 16, callers: 10 },
    ]
  : [{ processes: 4, callers: 25 }]

describe.each(BACKENDS)('processes that share a ledger in %s', (kind) => {
  const backend = backendOf(kind)

  it.each(STORMS)(
    'present each refresh token once: $processes processes with $callers callers each',
    async ({ processes, callers }) => {
      await using stage = await scene(backend())
      const { server, signIn } = stage
      const fleet = await stage.fleet(processes)
      let tokens = await signIn()

      for (let generation = 1; generation <= GENERATIONS; generation += 1) {
        const outcomes = await Promise.all(
          fleet.flatMap((member) =>
            Array.from({ length: callers }, () => member.refresh(tokens, NEXT)),
          ),
        )

        const served = new Set(outcomes.map(({ accessToken }) => accessToken))
        expect(outcomes.filter(({ usable }) => !usable)).toEqual([])
        expect(served.size).toBe(1)
        expect(await server.isLive([...served][0]!)).toBe(true)
        expect(server.counts()).toMatchObject({ presentations: generation, granted: generation })
        tokens = outcomes.at(-1)!.tokens
      }
    },
    120_000,
  )
})
