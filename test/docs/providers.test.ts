import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { repository } from '../tidy/repository.ts'
import {
  allFacts,
  factsAsJson,
  schemaAsJson,
  withFacts,
  withPrices,
  withProviderList,
  withProviderTable,
} from './providers.ts'
import { IDS, withNames, type Library } from './provider-names.ts'

const { read } = repository()
const all = await allFacts()

describe('what the docs say of providers is what their facts say', () => {
  it('in the list of README.md', () => {
    expect(read('README.md')).toBe(withProviderList(read('README.md'), all))
  })

  it('in the table of docs/providers.md', () => {
    expect(read('docs/providers.md')).toBe(withProviderTable(read('docs/providers.md'), all))
  })

  it('in the prices of docs/availability.md', () => {
    expect(read('docs/availability.md')).toBe(withPrices(read('docs/availability.md'), all))
  })

  it('in the names of docs/providers.md', () => {
    expect(read('docs/providers.md')).toBe(withNames(read('docs/providers.md'), all))
  })

  it('in the data for programs, with its schema', () => {
    expect(read('docs/providers.json')).toBe(factsAsJson(all))
    expect(read('docs/providers.schema.json')).toBe(schemaAsJson())
  })

  it('and the data keeps to its schema', () => {
    const schema = JSON.parse(read('docs/providers.schema.json')) as Parameters<
      typeof z.fromJSONSchema
    >[0]
    const data = JSON.parse(read('docs/providers.json')) as { providers: object[] }
    const checked = z.fromJSONSchema(schema)

    expect(checked.safeParse(data).error?.issues ?? []).toEqual([])
    const wrong = { ...data, providers: [{ ...data.providers[0], rotation: 'often' }] }
    expect(checked.safeParse(wrong).success).toBe(false)
  })

  it.each(all)('on the page of $id', (facts) => {
    const page = read(`docs/providers/${facts.id}.md`)

    expect(page).toBe(withFacts(page, facts))
  })
})

describe('the names of other libraries', () => {
  it.each<Library>(['authJs', 'betterAuth', 'nango'])('are names of %s as installed', (library) => {
    const known = new Set(IDS[library]())

    expect(known.size).toBeGreaterThan(30)
    const unknown = all
      .flatMap(({ aliases }) => aliases?.[library] ?? [])
      .filter((id) => !known.has(id))
    expect(unknown).toEqual([])
  })

  it('lead to one provider each', () => {
    for (const library of ['authJs', 'betterAuth', 'nango'] as const) {
      const ids = all.flatMap(({ aliases }) => aliases?.[library] ?? [])
      expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted())
    }
  })
})
