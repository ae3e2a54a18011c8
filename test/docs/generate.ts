import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { withPicture } from './picture.ts'
import { allFacts, newPage, withFacts, withProviderList, withProviderTable } from './providers.ts'

const ROOT = new URL('../../', import.meta.url)

const all = await allFacts()

rewrite('README.md', (text) => withProviderList(withPicture(text), all))
rewrite('docs/providers.md', (text) => withProviderTable(text, all))
for (const facts of all) {
  const path = `docs/providers/${facts.id}.md`
  if (existsSync(new URL(path, ROOT))) rewrite(path, (text) => withFacts(text, facts))
  else writeFileSync(new URL(path, ROOT), newPage(facts))
}

function rewrite(path: string, change: (text: string) => string): void {
  const url = new URL(path, ROOT)
  writeFileSync(url, change(readFileSync(url, 'utf8')))
}
