import { format, resolveConfig } from 'prettier'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { knownSource } from './known.ts'
import { withPicture } from './picture.ts'
import { withReasons } from './reasons.ts'
import { allStores, withStoreList, withStoreTable } from './stores.ts'
import {
  allFacts,
  factsAsJson,
  newPage,
  schemaAsJson,
  withFacts,
  withPrices,
  withProviderList,
  withProviderTable,
} from './providers.ts'
import { withNames } from './provider-names.ts'

const ROOT = new URL('../../', import.meta.url)
const STYLE = await resolveConfig(new URL('package.json', ROOT))

const all = await allFacts()
const stores = allStores()

rewrite('README.md', (text) => withStoreList(withProviderList(text, all), stores))
rewrite('docs/design.md', withPicture)
rewrite('docs/troubleshooting.md', withReasons)
rewrite('docs/stores.md', (text) => withStoreTable(text, stores))
rewrite('docs/availability.md', (text) => withPrices(text, all))
rewrite('docs/providers.md', (text) => withNames(withProviderTable(text, all), all))
writeFileSync(new URL('docs/providers.json', ROOT), factsAsJson(all))
writeFileSync(new URL('docs/providers.schema.json', ROOT), schemaAsJson())
writeFileSync(
  new URL('src/integrations/auth-js/known.ts', ROOT),
  await format(knownSource(all), { parser: 'typescript', ...STYLE }),
)
for (const facts of all) {
  const path = `docs/providers/${facts.id}.md`
  if (existsSync(new URL(path, ROOT))) rewrite(path, (text) => withFacts(text, facts))
  else writeFileSync(new URL(path, ROOT), newPage(facts))
}

function rewrite(path: string, change: (text: string) => string): void {
  const url = new URL(path, ROOT)
  writeFileSync(url, change(readFileSync(url, 'utf8')))
}
