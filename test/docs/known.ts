import type { ProviderRecord } from '../../src/facts/check-facts.ts'
import { IDS } from './provider-names.ts'

/** The id of our provider for each id of Auth.js that is known. */
export function knownIds(all: readonly ProviderRecord[]): Map<string, string> {
  return new Map(
    IDS.authJs().flatMap((id): [string, string][] => {
      const facts = all.find((each) => each.id === id || each.aliases?.authJs?.includes(id))
      return facts === undefined ? [] : [[id, facts.id]]
    }),
  )
}

/** The source of `src/integrations/auth-js/known.ts`. */
export function knownSource(all: readonly ProviderRecord[]): string {
  const ids = knownIds(all)
  const named = (id: string): string =>
    id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  return [
    '/** Written by `npx tsx test/docs/generate.ts`: the providers of Auth.js that are known. */',
    "import type { ProviderFacts } from '../../facts/provider-facts.ts'",
    ...[...new Set(ids.values())].map(
      (id) => `import { facts as ${named(id)} } from '../../../providers/${id}.ts'`,
    ),
    '',
    '/** Facts by the id that Auth.js has for the provider. No bundle holds their evidence. */',
    'export const KNOWN: Readonly<Record<string, ProviderFacts>> = {',
    ...[...ids].map(([id, ours]) => (id === named(ours) ? `${id},` : `'${id}': ${named(ours)},`)),
    '}',
    '',
  ].join('\n')
}
