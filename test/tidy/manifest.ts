import type { Project } from './rule.ts'

/** The parts of package.json that rules read. */
interface Manifest {
  readonly exports: Readonly<Record<string, Target>>
  readonly bin?: Readonly<Record<string, string>>
}

/** A file, one file per condition, or `null` for names that are not exported. */
type Target = string | { readonly types?: string; readonly default: string } | null

/** A module that a line of `exports` or `bin` offers. */
export interface Entry {
  /** The name in the line; a pattern is expanded: `./stores/memory`, `refresh-once`. */
  readonly name: string
  readonly target: string
  /** The source of the target. Absent: no file of the project is built into it. */
  readonly source: string | undefined
}

/** Lists the modules that the package offers, but for its own package.json. */
export function entriesOf({ paths, read }: Pick<Project, 'paths' | 'read'>): Entry[] {
  const { exports, bin = {} } = JSON.parse(read('package.json')) as Manifest
  const closed = Object.keys(exports).filter((name) => exports[name] === null)
  const lines = Object.entries({ ...exports, ...bin }).flatMap(([name, target]) =>
    target === null || target === './package.json'
      ? []
      : [{ name, target: typeof target === 'string' ? target : target.default }],
  )
  return lines
    .flatMap((line) => (line.name.includes('*') ? expanded(line, paths) : [line]))
    .filter(({ name }) => !closed.some((pattern) => starIn(pattern, name) !== undefined))
    .map(({ name, target }) => ({ name, target, source: sourceOf(target, paths) }))
}

type Line = Pick<Entry, 'name' | 'target'>

/** A pattern opens one folder. `./*` would open everything: it stays as it is, without a source. */
function expanded(line: Line, paths: ReadonlySet<string>): Line[] {
  if (!/^\.\/[^*]+\/\*$/.test(line.name)) return [line]
  const found = [...paths].flatMap((path) => {
    const star = starIn(line.target, `./dist/${path.replace(/\.tsx?$/, '.js')}`)
    return star === undefined ? [] : [star]
  })
  if (found.length === 0) return [line]
  const withStar = (text: string, star: string): string => text.replaceAll('*', star)
  return found.map((star) => ({
    name: withStar(line.name, star),
    target: withStar(line.target, star),
  }))
}

/** The text that `*` stands for, as Node matches it: across slashes. */
function starIn(pattern: string, text: string): string | undefined {
  const [before = '', after] = pattern.split('*')
  if (after === undefined) return text === pattern ? '' : undefined
  const isMatch = text.startsWith(before) && text.endsWith(after)
  const star = text.slice(before.length, text.length - after.length)
  return isMatch && star !== '' ? star : undefined
}

function sourceOf(target: string, paths: ReadonlySet<string>): string | undefined {
  const built = /^\.\/dist\/(.+)\.js$/.exec(target)?.[1]
  return ['ts', 'tsx'].map((ending) => `${built}.${ending}`).find((path) => paths.has(path))
}
