import { expect, it } from 'vitest'
import { repository } from '../tidy/repository.ts'
import { allStores, withStoreList, withStoreTable } from './stores.ts'

const { read } = repository()
const all = allStores()

it('README.md lists the stores as their own doc comments describe them', () => {
  expect(read('README.md')).toBe(withStoreList(read('README.md'), all))
})

it('docs/stores.md lists the stores as their own doc comments describe them', () => {
  expect(read('docs/stores.md')).toBe(withStoreTable(read('docs/stores.md'), all))
})
