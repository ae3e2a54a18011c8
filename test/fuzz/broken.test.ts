import { describe, expect, it } from 'vitest'
import { tryProvider } from '../../src/testing/fuzz-provider.ts'
import { BROKEN } from './broken.ts'

/** The same worlds each time. */
const SEED = 20_261_121

/** Alone on a core each takes some seconds at most. */
const TIMEOUT_MS = 60_000

describe(
  'fuzzProvider catches, within 1,000 runs, a provider that',
  { timeout: TIMEOUT_MS },
  () => {
    it.each(BROKEN)('$name', async ({ provider, server, fetch, breaks }) => {
      const found = await tryProvider(provider, {
        server,
        ...(fetch && { fetch }),
        runs: 1_000,
        seed: SEED,
      })

      const { invariant, text = 'nothing was found' } = found.counterexample ?? {}
      expect(invariant, text).toBe(breaks)
    })
  },
)
