import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, posix } from 'node:path'
import { titleOf, write, type StagedPage } from './pages.ts'

/** One module that users import: its name, and its source. */
interface Entry {
  readonly name: string
  readonly source: string
}

/** Writes the reference of all public entries of package.json, from their doc comments. */
export function stageReference(
  root: string,
  folder: string,
  run: (command: string, ...args: readonly string[]) => void,
): readonly StagedPage[] {
  const entries = entriesOf(root)
  const raw = join(root, 'docs/site/.build/reference')
  mkdirSync(raw, { recursive: true })
  const options = {
    plugin: 'typedoc-plugin-markdown',
    tsconfig: join(root, 'tsconfig.json'),
    basePath: root,
    readme: 'none',
    router: 'module',
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    logLevel: 'Error',
    out: raw,
  }
  const flags = 'skipErrorChecking excludeInternal hideBreadcrumbs hidePageHeader disableSources'
  run(
    join(root, 'docs/site/node_modules/.bin/typedoc'),
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...`${flags} useCodeBlocks`.split(' ').map((name) => `--${name}`),
    ...entries.flatMap(({ source }) => ['--entryPoints', join(root, source)]),
  )
  const targets = new Map(entries.map(({ name, source }) => [moduleOf(source), pageOf(name)]))
  const written = readdirSync(raw, { recursive: true, encoding: 'utf8' })
  const pages = entries.flatMap(({ name, source }) => {
    const file = written.find((each) => each === `${moduleOf(source)}.md`)
    if (file === undefined) return []
    const text = readFileSync(join(raw, file), 'utf8')
    const to = pageOf(name)
    const body = relinked(text, file, targets, to).replace(/^# .*$/m, '')
    return [{ name, to, text: `# refresh-once${name.slice(1)}\n\n${body.trimStart()}` }]
  })
  rmSync(raw, { recursive: true, force: true })
  const index = indexOf(pages)
  for (const { to, text } of pages) write(join(folder, to), text)
  write(join(folder, 'index.md'), index)
  return [
    { route: 'api', title: 'All modules', text: index },
    ...pages.map(({ to, text }) => ({
      route: `api/${to.replace(/\.md$/, '')}`,
      title: titleOf(text).replace('refresh-once/', ''),
      text,
    })),
  ]
}

function indexOf(pages: readonly { name: string; to: string; text: string }[]): string {
  const isProvider = ({ name }: { name: string }): boolean => name.startsWith('./providers/')
  const line = ({ name, to }: { name: string; to: string }): string =>
    `- [\`refresh-once${name.slice(1)}\`](./${to})`
  return [
    '# API reference',
    'Each module that you can import, written from the doc comments of its source.',
    '## Modules',
    pages
      .filter((page) => !isProvider(page))
      .map(line)
      .join('\n'),
    '## Providers',
    'Each provider is one function that takes its settings, and the facts that it is made of.',
    pages.filter(isProvider).map(line).join('\n'),
    '',
  ].join('\n\n')
}

/** How TypeDoc names the page of a module. */
function moduleOf(source: string): string {
  return source.replace(/(?:\/index)?\.ts$/, '')
}

function pageOf(name: string): string {
  return `${name === '.' ? 'refresh-once' : name.slice(2).replaceAll('/', '-')}.md`
}

/** Links between modules follow the names under which they are imported. */
function relinked(
  text: string,
  file: string,
  targets: ReadonlyMap<string, string>,
  own: string,
): string {
  return text.replaceAll(/\]\(([^)#\s:]+)\.md(#[^)]*)?\)/g, (whole, path: string, hash = '') => {
    const at = posix.join(posix.dirname(file.replaceAll('\\', '/')), path)
    const to = targets.get(at)
    if (to === undefined) return whole
    return to === own && hash !== '' ? `](${hash})` : `](./${to}${hash})`
  })
}

function entriesOf(root: string): readonly Entry[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { types?: string } | string | null>>
  }
  const closed = Object.keys(exports).filter((name) => exports[name] === null)
  return Object.entries(exports).flatMap(([name, target]) => {
    if (target === null || typeof target === 'string' || target.types === undefined) return []
    const source = target.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts')
    if (!name.includes('*')) return [{ name, source }]
    return readdirSync(join(root, posix.dirname(source)))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace(/\.ts$/, ''))
      .map((id) => ({ name: name.replace('*', id), source: source.replace('*', id) }))
      .filter((entry) => !closed.includes(entry.name))
  })
}
