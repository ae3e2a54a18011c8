import { readdirSync, readFileSync } from 'node:fs'
import { between, table } from './marks.ts'

const STORES = new URL('../../src/stores/', import.meta.url)
const BEGIN = '<!-- stores: written by `npx tsx test/docs/generate.ts` -->'
const END = '<!-- /stores -->'

/** What the doc comment of a store's factory says in its tags. */
interface StoreRecord {
  /** The name of its module, as in `refresh-once/stores/redis`. */
  readonly module: string
  readonly factory: string
  /** The heading of its part of docs/stores.md, if it has one. */
  readonly label: string
  readonly use: string
  readonly sharedBy: string
  readonly needs: string
}

/** The stores of this package: every module of src/stores that exports a store's factory. */
export function allStores(): readonly StoreRecord[] {
  return readdirSync(STORES)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, STORES), 'utf8')
      const factory = /^export function (\w+Store)[<(]/m.exec(text)?.[1]
      if (factory === undefined) return []
      const tag = (wanted: string): string => {
        const value = new RegExp(`^ \\* @${wanted} (.+)$`, 'm').exec(text)?.[1]
        if (value === undefined) throw new Error(`src/stores/${name} has no @${wanted}`)
        return value
      }
      return {
        module: name.slice(0, -'.ts'.length),
        factory,
        label: tag('store'),
        use: tag('for'),
        sharedBy: tag('sharedBy'),
        needs: tag('needs'),
      }
    })
    .toSorted((one, other) => one.label.localeCompare(other.label, 'en'))
}

/** README.md with its list of stores: for what each is, is on their page. */
export function withStoreList(text: string, all: readonly StoreRecord[]): string {
  const list = all.map(({ label, module }) => `${label} (\`refresh-once/stores/${module}\`)`)
  return between(text, BEGIN, `${list.join(' · ')}.`, END)
}

/** The page docs/stores.md with its table. */
export function withStoreTable(text: string, all: readonly StoreRecord[]): string {
  const rows = all.map(({ factory, label, use, sharedBy, needs }) => {
    const anchor = label.toLowerCase().replaceAll(' ', '-')
    const hasPart = text.includes(`\n## ${label}\n`)
    return [hasPart ? `[\`${factory}\`](#${anchor})` : `\`${factory}\``, use, sharedBy, needs]
  })
  return between(text, BEGIN, table(['store', 'for', 'shared by', 'needs'], rows), END)
}
