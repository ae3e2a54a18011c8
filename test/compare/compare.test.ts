import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { compared, withComparison } from './scenes.ts'

it('is what docs/compare.md says: `npx tsx test/compare/main.ts` writes it', async () => {
  expect(await readFile('docs/compare.md', 'utf8')).toContain(withComparison(await compared()))
})
