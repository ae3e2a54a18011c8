import type { StagedPage } from './pages.ts'

/** What VitePress takes as an item of its sidebar. */
export interface SidebarItem {
  readonly text: string
  readonly link?: string
  readonly items?: readonly SidebarItem[]
  readonly collapsed?: boolean
}

/** Groups by what a reader looks for. A name that ends with `/*` takes the rest of a folder. */
const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Start', ['start', 'guides/choosing', 'guides/migrating', 'compare']],
  [
    'Next.js and Auth.js',
    [
      'guides/authjs',
      'guides/nextjs',
      'guides/nextauth-4',
      'guides/database-strategy',
      'guides/session-storage',
      'guides/better-auth',
    ],
  ],
  [
    'CLI, agents, other languages',
    ['guides/cli', 'guides/credentials-file', 'guides/mcp', 'guides/broker'],
  ],
  ['More guides', ['guides/*', 'examples', 'examples/*']],
  ['Concepts', ['design', 'statechart', 'glossary', 'security', 'availability', 'verification']],
  ['Stores', ['stores', 'scale']],
  ['Tools', ['inspecting', 'testing-your-client', 'fuzzing']],
  ['Operations', ['guides/production', 'observability', 'performance']],
  ['Errors', ['troubleshooting', 'errors', 'errors/*']],
  ['Providers', ['providers', 'providers/*']],
  ['API reference', ['api', 'api/*']],
  ['Decisions', ['decisions', 'decisions/*']],
  ['Project', ['contributing', 'changelog', 'security-policy', 'code-of-conduct']],
]

const LONG = 12

/** Every page but the source files is in it; what no group names stands under "More". */
export function sidebarOf(pages: readonly StagedPage[]): readonly SidebarItem[] {
  const left = new Map(
    pages.filter(({ route }) => !route.startsWith('source/')).map((page) => [page.route, page]),
  )
  const take = (name: string): readonly SidebarItem[] => {
    const routes = name.endsWith('/*')
      ? [...left.keys()].filter((route) => route.startsWith(name.slice(0, -1)) && !isNamed(route))
      : [name]
    return routes.flatMap((route) => {
      const page = left.get(route)
      left.delete(route)
      return page === undefined ? [] : [{ text: shortTitle(page), link: `/${addressOf(page)}` }]
    })
  }
  const groups = GROUPS.map(([text, names]) => {
    const items = names.flatMap(take)
    return { text, items, collapsed: items.length > LONG }
  })
  const rest = [...left.keys()].flatMap(take)
  const all =
    rest.length === 0 ? groups : [...groups, { text: 'More', items: rest, collapsed: true }]
  return all.filter(({ items }) => items.length > 0)
}

function isNamed(route: string): boolean {
  return GROUPS.some(([, names]) => names.includes(route))
}

/** Pages that are the first of their folder. */
const INDEXES: ReadonlySet<string> = new Set(['decisions', 'examples', 'api'])

function addressOf({ route }: StagedPage): string {
  return INDEXES.has(route) || route.startsWith('examples/') ? `${route}/` : route
}

function shortTitle({ route, title }: StagedPage): string {
  if (route === 'start') return 'What it does'
  if (route === 'providers') return 'All providers'
  return title
}
