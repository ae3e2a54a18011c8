import { describe, expect, it } from 'vitest'
import { tryProvider } from '../../src/testing/fuzz-provider.ts'
import { isLong } from '../runs.ts'
import { BROKEN, WRONG_WORDS } from './broken.ts'

/** Which seed it is must not matter. */
const SEEDS = Array.from({ length: isLong ? 20 : 2 }, (_, index) => 20_261_121 + index)

/** Alone on a core each takes some seconds at most. */
const TIMEOUT_MS = SEEDS.length * 30_000

describe('fuzzProvider catches, with every seed, a provider that', { timeout: TIMEOUT_MS }, () => {
  it.each([...BROKEN, ...WRONG_WORDS])('$name', async ({ provider, server, fetch, breaks }) => {
    for (const seed of SEEDS) {
      const options = { server, ...(fetch && { fetch }), runs: 1_000, seed }

      const { counterexample } = await tryProvider(provider, options)

      const { invariant, text = 'nothing was found' } = counterexample ?? {}
      expect(invariant, `seed ${seed}: ${text}`).toBe(breaks)
    }
  })
})

describe('what a server is described to mean by an answer', { timeout: TIMEOUT_MS }, () => {
  it.each(WRONG_WORDS.filter(({ name }) => !/invalid_grant|"429"|"401 |invalid_target/.test(name)))(
    'is no finding: a provider that $name',
    async ({ provider }) => {
      const server = { name: 'ours', wire: { failures: provider.failures } }

      const { counterexample } = await tryProvider(provider, { server, runs: 1, seed: 1 })

      expect(counterexample?.text).toBeUndefined()
    },
  )
})
