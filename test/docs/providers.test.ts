import { describe, expect, it } from 'vitest'
import { repository } from '../tidy/repository.ts'
import { allFacts, withFacts, withProviderList, withProviderTable } from './providers.ts'

const { read } = repository()
const all = await allFacts()

describe('what the docs say of providers is what their facts say', () => {
  it('in the list of README.md', () => {
    expect(read('README.md')).toBe(withProviderList(read('README.md'), all))
  })

  it('in the table of docs/providers.md', () => {
    expect(read('docs/providers.md')).toBe(withProviderTable(read('docs/providers.md'), all))
  })

  it.each(all)('on the page of $id', (facts) => {
    const page = read(`docs/providers/${facts.id}.md`)

    expect(page).toBe(withFacts(page, facts))
  })
})
