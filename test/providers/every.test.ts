import { describe, expect, it } from 'vitest'
import { checkFacts } from '../../src/facts/check-facts.ts'
import { serverOf } from '../../src/testing/authorization-server/description.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'
import { shippedIds, shippedProvider } from '../../src/testing/presets.ts'
import { isLong, runs } from '../runs.ts'
import { exampleOf, providerContract } from './contract.ts'

const shipped = await Promise.all(
  shippedIds().map(async (id) => ({ id, ...(await shippedProvider(id))! })),
)

describe.each(shipped)('provider $id', ({ id, ...provider }) => {
  it('has facts, each with its source, under the name of its file', () => {
    expect(checkFacts(provider.facts).id).toBe(id)
  })

  it(
    'withstands its own server, with what is unknown drawn',
    { timeout: runs(60_000) },
    async () => {
      const server = serverOf(provider.facts)
      // CI draws the same worlds each time; `npm run verify` draws others.
      const seed = isLong ? {} : { seed: 20_261_130 }

      const found = await fuzzProvider(exampleOf(provider), { server, runs: runs(50), ...seed })

      expect(found.runs).toBe(runs(50))
    },
  )

  providerContract(provider)
})
