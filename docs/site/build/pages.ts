import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, posix } from 'node:path'
import { rewritten, withCharts, withoutComments } from './markdown.ts'

/** One page of the site. */
export interface StagedPage {
  /** Its address below the base, without an ending: `guides/authjs`. */
  readonly route: string
  readonly title: string
  /** Its Markdown, as it is built. */
  readonly text: string
}

/** Pages that are not in docs/: where they come from, and their address. */
const OTHERS: Readonly<Record<string, string>> = {
  'README.md': 'start.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security-policy.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
}

/**
 * Writes all pages into a folder, from the Markdown of the repository as it is.
 *
 * A link to a file that is no page becomes a page with that file: the site needs no repository.
 */
export function stagePages(root: string, folder: string): readonly StagedPage[] {
  const files = tracked(root)
  const pageOf = new Map(files.flatMap((file) => addressOf(file).map((to) => [file, to])))
  const sources = new Set<string>()
  const staged: StagedPage[] = []

  function put(to: string, text: string, attributes = ''): void {
    const route = to.replace(/(?:^|\/)index\.md$/, '').replace(/\.md$/, '')
    staged.push({ route, title: titleOf(text), text })
    write(join(folder, to), attributes + text)
  }

  for (const [file, to] of pageOf) {
    const resolve = (target: string): string | undefined => {
      const [path, hash] = split(target)
      if (path === '') return undefined
      const at = posix.join(posix.dirname(file), path).replace(/\/$/, '')
      const page = pageOf.get(at) ?? pageOf.get(`${at}/README.md`)
      if (page !== undefined) return `${relative(to, page)}${hash}`
      if (at.startsWith('docs/images/')) return relative(to, at.slice('docs/'.length))
      const found = files.filter((each) => each === at || each.startsWith(`${at}/`))
      if (found.length === 0) return undefined
      sources.add(at)
      return relative(to, sourcePage(at))
    }
    const text = readFileSync(join(root, file), 'utf8')
    put(to, rewritten(withCharts(withoutComments(text), file), resolve))
  }
  for (const at of sources)
    put(sourcePage(at), sourceText(root, at, files), '---\nsearch: false\n---\n\n')
  for (const { code, text } of codesOf(staged)) put(`errors/${code}.md`, text)
  // Once for pages that show them, once for links that open them.
  for (const images of ['images', 'public/images']) {
    cpSync(join(root, 'docs/images'), join(folder, images), { recursive: true })
  }
  for (const page of ['index.md', 'playground.md']) {
    cpSync(join(root, 'docs/site/home', page), join(folder, page))
  }
  mkdirSync(join(folder, 'public'), { recursive: true })
  return staged
}

/** Also files that are not committed yet: a page is seen before it is. */
function tracked(root: string): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  return [...new Set(execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0'))]
    .filter((file) => file !== '')
    .toSorted()
}

function addressOf(file: string): readonly string[] {
  const other = OTHERS[file]
  if (other !== undefined) return [other]
  if (!file.startsWith('docs/') || file.startsWith('docs/site/') || !file.endsWith('.md')) return []
  return [file.slice('docs/'.length).replace(/README\.md$/, 'index.md')]
}

function split(target: string): readonly [string, string] {
  const at = target.indexOf('#')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at)]
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

function sourcePage(at: string): string {
  return `source/${at.replaceAll('[', '').replaceAll(']', '')}.md`
}

/** A file in a block of code, or the names of the files of a folder. */
function sourceText(root: string, at: string, files: readonly string[]): string {
  if (!files.includes(at)) {
    const inside = files.filter((file) => file.startsWith(`${at}/`))
    return `# ${at}\n\n${inside.map((file) => `- \`${file}\``).join('\n')}\n`
  }
  const text = readFileSync(join(root, at), 'utf8')
  const language = LANGUAGES[extname(at)] ?? 'txt'
  return `# ${at}\n\n\`\`\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\`\`\n`
}

const LANGUAGES: Readonly<Record<string, string>> = {
  '.ts': 'ts',
  '.tsx': 'tsx',
  '.mjs': 'js',
  '.json': 'json',
  '.py': 'python',
  '.sh': 'sh',
  '.yml': 'yaml',
  '.service': 'ini',
}

/** A page for each code of docs/errors.md, so that a message can name a short address. */
function codesOf(pages: readonly StagedPage[]): readonly { code: string; text: string }[] {
  const all = pages.find(({ route }) => route === 'errors')?.text ?? ''
  return all
    .split(/^(?=#{2,3} )/m)
    .map((section) => ({ section, code: /^### `?([a-z_]+)`?$/m.exec(section)?.[1] }))
    .flatMap(({ section, code }) => {
      if (code === undefined) return []
      const body = section.slice(section.indexOf('\n')).replaceAll('](./', '](../')
      return [{ code, text: `# ${code}\n${body.trimEnd()}\n\n[All codes](../errors.md)\n` }]
    })
}

export function titleOf(text: string): string {
  return (/^# (.+)$/m.exec(text)?.[1] ?? 'refresh-once').replaceAll('`', '')
}

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
