import { readdirSync, readFileSync } from 'node:fs'
import type { ProviderRecord } from '../../src/facts/check-facts.ts'
import { between, table } from './marks.ts'

const MODULES = new URL('../../node_modules/', import.meta.url)

/** The libraries whose names for providers lead to ours. */
export type Library = keyof NonNullable<ProviderRecord['aliases']>

/** Files of Auth.js that are no OAuth providers. */
const OTHERS = new Set(
  'credentials email forwardemail index loops mailgun nodemailer oauth passkey postmark'
    .concat(' provider-types resend sendgrid webauthn')
    .split(' '),
)

/** The provider ids of the libraries that are installed here. */
export const IDS: Readonly<Record<Library, () => readonly string[]>> = {
  authJs: () =>
    readdirSync(new URL('@auth/core/providers/', MODULES))
      .flatMap((file) => /^([a-z0-9-]+)\.js$/.exec(file)?.[1] ?? [])
      .filter((id) => !OTHERS.has(id)),
  betterAuth: () => {
    const path = '@better-auth/core/dist/social-providers/index.mjs'
    const list = /const socialProviders = \{([^}]*)\}/.exec(read(path))?.[1] ?? ''
    return list.match(/[\w-]+/g) ?? []
  },
  nango: () =>
    [...read('@nangohq/providers/providers.yaml').matchAll(/^([a-z0-9-]+):/gm)].map(
      ([, id]) => id!,
    ),
}

const read = (path: string): string => readFileSync(new URL(path, MODULES), 'utf8')

const BEGIN = '<!-- Names of other libraries, written by `npx tsx test/docs/generate.ts`. -->'
const END = '<!-- End of the names. -->'

/** `docs/providers.md` with the table that leads from the names of other libraries to ours. */
export function withNames(text: string, all: readonly ProviderRecord[]): string {
  const ours = (library: Library, id: string): string[] =>
    all.flatMap((facts) =>
      facts.aliases?.[library]?.includes(id) === true || facts.id === id ? [facts.id] : [],
    )
  const names = new Map<string, Partial<Record<Library, string>>>()
  for (const library of ['authJs', 'betterAuth', 'nango'] as const) {
    for (const id of IDS[library]()) {
      const isOurs = all.some(({ aliases }) => aliases?.[library]?.includes(id))
      if (library === 'nango' && !isOurs) continue
      names.set(id, { ...names.get(id), [library]: `\`${id}\`` })
    }
  }
  const rows = [...names]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, by]) => {
      const libraries = (['authJs', 'betterAuth', 'nango'] as const).filter((each) => by[each])
      const found = new Set(libraries.flatMap((library) => ours(library, id)))
      const links = [...found].map((each) => `[\`${each}\`](providers/${each}.md)`)
      return [
        `\`${id}\``,
        libraries.map((each) => LIBRARIES[each]).join(', '),
        links.length === 0 ? '–' : links.join(', '),
      ]
    })
  return between(text, BEGIN, table(['name', 'in', 'here'], rows), END)
}

const LIBRARIES = { authJs: 'Auth.js', betterAuth: 'Better Auth', nango: 'Nango' } as const
