import { importsOf, resolveFrom } from './code.ts'
import { isShipped, type Rule } from './rule.ts'

interface Layer {
  /** A folder, or a file of its own. The first that fits counts. */
  readonly at: string
  /** Folders and files it may import, besides itself. */
  readonly imports: readonly string[]
  /** Packages it may import. */
  readonly packages?: readonly string[] | 'all'
  /** Whether it may `import type` from any package: of a client that the caller passes in. */
  readonly types?: boolean
  /** Whether it may import Node's own modules; the others run wherever the web's APIs do. */
  readonly builtins?: boolean
}

const ALL = ['src/', 'machines/', 'providers/']

/** docs/design.md §7. */
const LAYERS: readonly Layer[] = [
  // Asks at run time whether there is a Node.
  { at: 'src/core/host.ts', imports: [], builtins: true },
  { at: 'src/core/', imports: [] },
  { at: 'machines/', imports: ['src/core/'], packages: ['xstate'] },
  // The type of the facts only: a bundle of a provider holds no zod (test/package/size.test.ts).
  { at: 'providers/', imports: ['src/core/', 'src/facts/provider-facts.ts'] },
  { at: 'src/facts/', imports: ['src/core/'], packages: ['zod'] },
  { at: 'src/ledger/', imports: ['src/core/'] },
  {
    at: 'src/stores/',
    imports: ['src/core/', 'src/ledger/store.ts'],
    types: true,
    builtins: true,
  },
  { at: 'src/transport/', imports: ['src/core/'], packages: ['oauth4webapi'] },
  {
    at: 'src/runtime/',
    imports: ['src/core/', 'src/ledger/', 'src/transport/', 'machines/'],
    packages: ['xstate'],
  },
  { at: 'src/index.ts', imports: ['src/core/', 'src/ledger/', 'src/transport/', 'src/runtime/'] },
  // Programs of one user: they have Node, and a disk.
  {
    at: 'src/credentials/',
    imports: [
      'src/index.ts',
      'src/core/',
      'src/ledger/store.ts',
      'src/runtime/timing.ts',
      'src/stores/file.ts',
      'src/stores/file/',
      'src/stores/shared.ts',
      'src/transport/own-socket.ts',
    ],
    builtins: true,
  },
  // What a browser loads: not the index, which brings the server. React itself in one file only.
  {
    at: 'src/integrations/react.ts',
    imports: ['src/integrations/react/', 'src/core/check-options.ts'],
    packages: ['react'],
  },
  {
    at: 'src/integrations/react/',
    imports: ['src/core/check-options.ts', 'src/core/clock.ts', 'src/core/random.ts'],
  },
  // A session of a program of one user.
  {
    at: 'src/integrations/mcp',
    imports: [
      'src/index.ts',
      'src/core/',
      'src/credentials/',
      'src/ledger/store.ts',
      'src/transport/own-socket.ts',
    ],
    builtins: true,
  },
  {
    at: 'src/integrations/otel.ts',
    imports: ['src/index.ts', 'src/core/check-options.ts'],
    packages: ['@opentelemetry/api'],
    types: true,
  },
  // It signs users in by itself.
  {
    at: 'src/integrations/web',
    imports: [
      'src/index.ts',
      'src/core/',
      'src/integrations/authorized-fetch.ts',
      'src/ledger/sealer.ts',
      'src/ledger/store-call.ts',
      'src/transport/client-authentication.ts',
    ],
    packages: ['oauth4webapi'],
  },
  {
    at: 'src/integrations/better-auth',
    imports: ['src/index.ts', 'src/core/check-options.ts', 'src/core/clock.ts', 'src/core/text.ts'],
    packages: ['better-auth/api', 'better-auth/oauth2'],
  },
  // Derives refreshers from the providers of Auth.js.
  {
    at: 'src/integrations/auth-js/derive.ts',
    imports: ['src/index.ts', 'src/core/', 'src/facts/', 'src/integrations/auth-js/', 'providers/'],
  },
  { at: 'src/integrations/auth-js/known.ts', imports: ['src/facts/', 'providers/'], types: true },
  {
    at: 'src/integrations/',
    imports: [
      'src/index.ts',
      'src/core/check-options.ts',
      'src/core/clock.ts',
      'src/core/entity.ts',
      'src/core/host.ts',
      'src/core/text.ts',
      'src/core/user-code.ts',
    ],
    types: true,
  },
  { at: 'src/broker/', imports: ALL, builtins: true },
  { at: 'src/testing/', imports: ALL, packages: 'all', builtins: true },
  { at: 'src/inspect/', imports: ALL, packages: 'all', builtins: true },
  { at: 'src/cli/', imports: ALL, packages: 'all', builtins: true },
]

export const layers: Rule = {
  name: 'every layer imports only what lies below it',
  appliesTo: isShipped,
  check(path, text) {
    const layer = LAYERS.find(({ at }) => path.startsWith(at))
    if (!layer) return ['belongs to no layer of docs/design.md §7']
    return importsOf(path, text).flatMap(({ line, specifier, typeOnly }) =>
      mayImport(layer, path, specifier, typeOnly)
        ? []
        : [`line ${line}: ${layer.at} must not import ${specifier}`],
    )
  },
}

function mayImport(layer: Layer, path: string, specifier: string, typeOnly: boolean): boolean {
  if (specifier.startsWith('.')) {
    const target = resolveFrom(path, specifier)
    return [layer.at, ...layer.imports].some((at) => target.startsWith(at))
  }
  if (layer.types && typeOnly) return true
  if (specifier.startsWith('node:')) return layer.builtins === true
  return layer.packages === 'all' || (layer.packages ?? []).includes(specifier)
}

/** Whether a file must run where there is no Node: on the edge, in a browser. */
export function isWebOnly(path: string): boolean {
  const layer = LAYERS.find(({ at }) => path.startsWith(at))
  return isShipped(path) && layer?.builtins !== true
}
