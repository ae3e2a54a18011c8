import { posix } from 'node:path'
import { entriesOf } from './manifest.ts'
import { lineAt, type Project, type Rule } from './rule.ts'

/** Words that no reader knows from an RFC. */
const HOUSE_WORDS = /\b(?:ledger|claim row|grant row|newest set|chain)s?\b/i

const FOLDERS = new Set(['src', 'machines', 'providers', 'test', 'docs'])

export const projectRules: readonly Rule[] = [
  {
    name: 'the top level holds no folder but src, machines, providers, test, docs and dotfolders',
    appliesTo: (path) => path.includes('/'),
    check(path) {
      const folder = path.split('/')[0]!
      return FOLDERS.has(folder) || folder.startsWith('.') ? [] : [`${folder}/ is one too many`]
    },
  },
  {
    name: 'every provider exports facts with evidence, and a line of exports opens it',
    appliesTo: (path) => /^providers\/[^/]+\.ts$/.test(path),
    check(path, text, project) {
      const id = posix.basename(path, '.ts')
      const facts = literalIn(text, 'facts', 'ProviderFacts')
      const evidence = literalIn(text, 'evidence', 'ProviderEvidence') ?? ''
      const wanted = {
        'no `export const facts = { … } as const satisfies ProviderFacts`': facts !== undefined,
        [`facts.id is not '${id}'`]: facts?.includes(`  id: '${id}',\n`) === true,
        'no sources in `evidence`': /^ {2}sources: \{/m.test(evidence),
        'no answers in `evidence`': /^ {2}answers: \[/m.test(evidence),
        [`no line of exports in package.json opens ./providers/${id}`]: entriesOf(project).some(
          ({ name, source }) => name === `./providers/${id}` && source === path,
        ),
      }
      return Object.keys(wanted).filter((complaint) => !wanted[complaint])
    },
  },
  {
    name: 'every line of exports and bin has a source file',
    appliesTo: (path) => path === 'package.json',
    check: (_, __, project) =>
      entriesOf(project)
        .filter(({ source }) => source === undefined)
        .map(({ name, target }) => `${name}: nothing builds ${target}`),
  },
  {
    name: 'every link in the docs leads somewhere',
    appliesTo: (path) => path.endsWith('.md'),
    check: (path, text, project) =>
      linksOf(text)
        .filter(({ target }) => !leadsSomewhere(path, target, project))
        .map(({ target, line }) => `line ${line}: ${target} leads nowhere`),
  },
  {
    name: 'every decision is short, has three parts and is in the index',
    appliesTo: (path) => /^docs\/decisions\/(?!README)/.test(path),
    check(path, text, project) {
      const headings = Array.from(text.matchAll(/^## (.+)$/gm), ([, heading]) => heading)
      const index = project.read('docs/decisions/README.md')
      return [
        headings.join() === 'Context,Decision,Consequence' ? [] : ['other parts than the three'],
        text.trimEnd().split('\n').length <= 25 ? [] : ['more than 25 lines'],
        index.includes(`](${posix.basename(path)})`) ? [] : ['not in the index'],
      ].flat()
    },
  },
  {
    name: 'a page with a house word leads to the glossary',
    appliesTo: (path) =>
      path === 'README.md' || /^docs\/(?:(?:guides|providers)\/)?(?!glossary)[^/]+\.md$/.test(path),
    check(_, text) {
      const [word] = HOUSE_WORDS.exec(proseOf(text)) ?? []
      const isLinked = linksOf(text).some(({ target }) => /(?:^|\/)glossary\.md/.test(target))
      return word === undefined || isLinked ? [] : [`"${word}" is not explained`]
    },
  },
]

/** The members of an exported literal of a type. */
function literalIn(text: string, name: string, type: string): string | undefined {
  const literal = `^export const ${name} = \\{\n(.*?)^\\} as const satisfies ${type}$`
  return new RegExp(literal, 'ms').exec(text)?.[1]
}

/** Whether a path is a file, or a folder with a file in it. */
function exists({ paths }: Project, path: string): boolean {
  if (paths.has(path)) return true
  const folder = path.endsWith('/') ? path : `${path}/`
  return [...paths].some((each) => each.startsWith(folder))
}

/** The text without its code, which keeps its lines. */
function proseOf(text: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  return text
    .replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2[^\n]*$/gm, blank)
    .replace(/(`+)(?!`)[\s\S]*?\1/g, blank)
}

interface Link {
  readonly target: string
  readonly line: number
}

/** The links of a Markdown text that stay in the repository. Code is not looked at. */
function linksOf(text: string): Link[] {
  const prose = proseOf(text)
  const patterns = [
    /\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g,
    /^\[[^\]]+\]:\s*(\S+)/gm,
    /\b(?:src|href|srcset)="([^"]+)"/g,
  ]
  return patterns
    .flatMap((pattern) => Array.from(prose.matchAll(pattern)))
    .map(({ index, 1: target }) => ({ target: target!, line: lineAt(text, index) }))
    .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target))
}

function leadsSomewhere(path: string, target: string, project: Project): boolean {
  const [file = '', anchor] = target.split('#')
  const to = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file))
  if (file.startsWith('/') || !exists(project, to)) return false
  if (anchor === undefined || !to.endsWith('.md')) return true
  return anchorsOf(project.read(to)).has(anchor)
}

/** The anchors that GitHub gives to the headings of a Markdown text. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  const prose = text.replace(/^(```+|~~~+)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, '')
  for (const [, heading] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let unique = slug
    for (let n = 1; anchors.has(unique); n += 1) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  for (const [, id] of prose.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(id!)
  return anchors
}
