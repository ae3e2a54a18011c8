import { basename, dirname, relative } from 'node:path'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import type { Measured } from './measured.ts'
import type { Target } from './target.ts'

export interface ProviderFile {
  /** Where it will stand. */
  readonly path: string
  readonly origin: Target['origin']
  readonly provider: object
  readonly server: ServerDescription
  readonly found: readonly Measured[]
  readonly grants: number
  readonly presentations: number
  readonly today: string
}

/** A file for `refresh-once fuzz`: the provider, and the server as it was measured. */
export function providerFile(file: ProviderFile): string {
  const { server, found, today, grants, presentations } = file
  const open = found.filter(({ value }) => value === undefined).map(({ axis }) => axis)
  const missing = open.length === 0 ? '' : ` Open, and drawn: ${open.join(', ')}.`
  const comments = new Map<string, string>(found.map(({ axis, says }) => [axis, says]))
  return [
    ...providerLines(file),
    '',
    '/**',
    ` * As \`refresh-once probe\` measured it on ${today}. Grants: ${grants}, presentations:`,
    ` * ${presentations}.${missing}`,
    ' */',
    `export const server: ServerDescription = ${literal(server, comments)}`,
    '',
  ].join('\n')
}

function providerLines({ origin, provider, path, today }: ProviderFile): readonly string[] {
  const type = "import type { ServerDescription } from 'refresh-once/testing'"
  if ('path' in origin) {
    const folder = relative(dirname(path), dirname(origin.path)) || '.'
    const from = `${folder.startsWith('.') ? folder : `./${folder}`}/${basename(origin.path)}`
    return [type, '', `export { provider } from ${quoted(from)}`]
  }
  return [
    "import { defineProvider } from 'refresh-once'",
    type,
    '',
    '/**',
    ` * What was measured on ${today}; of the rest it says nothing. The manual may know more:`,
    ' * lifetimes, the revocation endpoint, which errors come before the token is looked at.',
    ' */',
    `export const provider = defineProvider(${literal(provider)})`,
  ]
}

/** A value as TypeScript writes it; `comments` stand above the members of its first level. */
function literal(value: unknown, comments?: ReadonlyMap<string, string>, depth = 0): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (entries.length === 0) return `${open}${close}`
  const indent = '  '.repeat(depth + 1)
  const lines = entries.map(([name, member]) => {
    const comment = comments?.get(name)
    const above = comment === undefined ? '' : `${indent}// ${comment}\n`
    const key = Array.isArray(value)
      ? ''
      : `${/^[a-z_$][\w$]*$/i.test(name) ? name : quoted(name)}: `
    return `${above}${indent}${key}${literal(member, undefined, depth + 1)},`
  })
  return `${open}\n${lines.join('\n')}\n${'  '.repeat(depth)}${close}`
}

/** Server's text may stand in it: what JSON escapes stays escaped. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}
