import { describe, expect, it } from 'vitest'
import { checkFacts } from '../../src/facts/check-facts.ts'
import { serverOf } from '../../src/testing/authorization-server/provider-server.ts'
import { fuzzProvider } from '../../src/testing/fuzz-provider.ts'
import { shippedIds, shippedProvider } from '../../src/testing/presets.ts'
import { isLong, runs } from '../runs.ts'
import { exampleOf, providerContract } from './contract.ts'

/** Values that end the host of a URL early, or bring one of their own. */
const HOSTILE =
  'evil.example|evil.example/|evil.example#|evil.example?|evil.example\\|a@evil.example'
    .concat(
      '|EXAMPLE.evil.example|EXAMPLE@evil.example|evil.example:443|EXAMPLE/../..|evil.example%2f',
    )
    .concat('|evil\u3002example|EXAMPLE\n| EXAMPLE||..|$&')
    .split('|')

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

  const names = Object.entries(provider.facts.parameters ?? {}).filter(
    ([, { is }]) => is === 'name',
  )
  it.each(names)("sends no token to another host, whatever '%s' is", (name, { example }) => {
    const { host } = new URL(exampleOf(provider).tokenEndpoint!)
    const own = host.replace(String(example), '')
    const hostOf = (value: string): string => {
      try {
        const { facts, make } = provider
        const others = Object.entries(facts.parameters ?? {}).map(([each, parameter]) => [
          each,
          parameter.example,
        ])
        const made = make({ ...Object.fromEntries(others), [name]: value })
        return new URL(made.tokenEndpoint!).host
      } catch (error) {
        return error instanceof TypeError ? 'refused' : String(error)
      }
    }

    const led = HOSTILE.map((value) => hostOf(value.replace('EXAMPLE', String(example))))

    expect(led.filter((each) => each !== 'refused' && (own === '' || !each.endsWith(own)))).toEqual(
      [],
    )
  })

  providerContract(provider)
})
