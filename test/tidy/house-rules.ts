import ts from 'typescript'
import { nodesOf } from './code.ts'
import { entriesOf } from './manifest.ts'
import { circleThrough, graphOf, importersOf, loadedFrom } from './module-graph.ts'
import { isCode, isShipped, type Project, type Rule } from './rule.ts'

const isSource = (path: string): boolean => path.startsWith('src/') && isCode(path)
const sourcesOf = ({ paths }: Project): string[] => [...paths].filter(isSource)
const linesOf = (text: string): number => text.trimEnd().split('\n').length

/** The module that a reader of one refresh opens first, and the folders that only observe it. */
const REFRESHER = 'src/runtime/refresher.ts'
const OBSERVING = /^src\/runtime\/inspect(?:ion)?\//

/** A file below this length belongs into its only importer. */
const OWN_FILE_LINES = 40

/** A rule about one number of the whole project. */
interface Measure {
  readonly name: string
  readonly max: number
  count(project: Project): number
}

/** The sizes that keep the code readable. Raise one only with a reason in docs/decisions. */
const MEASURES: readonly Measure[] = [
  { name: 'files in src', max: 185, count: (project) => sourcesOf(project).length },
  {
    name: 'lines in src',
    max: 23_000,
    count: (project) =>
      sourcesOf(project).reduce((sum, path) => sum + linesOf(project.read(path)), 0),
  },
  {
    name: 'files in src with one importer',
    max: 44,
    count(project) {
      const importers = importersOf(graphOf(project))
      return sourcesOf(project).filter((path) => importers.get(path)?.size === 1).length
    },
  },
  {
    name: 'files that a reader of refresh opens',
    max: 50,
    count: (project) =>
      loadedFrom(graphOf(project), REFRESHER, (path) => OBSERVING.test(path)).size,
  },
]

/** The numbers of a project, a line each. */
export function numbersOf(project: Project): string[] {
  return MEASURES.map(({ name, max, count }) => `${name}: ${count(project)} of ${max}`)
}

export const houseRules: readonly Rule[] = [
  ...MEASURES.map(({ name, max, count }): Rule => ({
    name: `there are at most ${max} ${name}`,
    appliesTo: (path) => path === 'package.json',
    check(_, __, project) {
      const counted = count(project)
      return counted > max ? [`${counted} ${name}`] : []
    },
  })),
  {
    name: `a file with one importer and under ${OWN_FILE_LINES} lines is part of that importer`,
    appliesTo: (path) => isSource(path) && !/\.(?:sql|lua)\.ts$/.test(path),
    check(path, text, project) {
      const [importer, ...others] = importersOf(graphOf(project)).get(path) ?? []
      if (importer === undefined || others.length > 0) return []
      if (linesOf(text) >= OWN_FILE_LINES) return []
      const isEntry = entriesOf(project).some(({ source }) => source === path)
      return isEntry ? [] : [`${linesOf(text)} lines, imported by ${importer} only`]
    },
  },
  {
    name: 'no import leads back to its file, imports of types neither',
    appliesTo: isShipped,
    check(path, _, project) {
      const circle = circleThrough(graphOf(project), path)
      return circle === undefined ? [] : [circle.join(' > ')]
    },
  },
  {
    name: 'a type name is defined once in src',
    appliesTo: isSource,
    check(path, text, project) {
      const places = placesOfTypes(project)
      return typesDefinedIn(path, text).flatMap(({ name, line }) => {
        const all = places.get(name) ?? []
        return all.length > 1 ? [`line ${line}: ${name} is defined in ${all.join(', ')}`] : []
      })
    },
  },
]

const typePlaces = new WeakMap<Project, ReadonlyMap<string, readonly string[]>>()

/** The files that define each type name; a file is listed once for each definition. */
function placesOfTypes(project: Project): ReadonlyMap<string, readonly string[]> {
  const known = typePlaces.get(project)
  if (known !== undefined) return known
  const places = new Map<string, string[]>()
  for (const path of sourcesOf(project)) {
    for (const { name } of typesDefinedIn(path, project.read(path))) {
      places.set(name, [...(places.get(name) ?? []), path])
    }
  }
  typePlaces.set(project, places)
  return places
}

/** The types that a file defines. Additions to the modules of a framework are none. */
function typesDefinedIn(path: string, text: string): { name: string; line: number }[] {
  return nodesOf(path, text).flatMap(({ node, line }) => {
    const isType =
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isClassDeclaration(node)
    return isType && node.name && !isInModule(node) ? [{ name: node.name.text, line }] : []
  })
}

function isInModule({ parent }: ts.Node): boolean {
  return parent !== undefined && (ts.isModuleDeclaration(parent) || isInModule(parent))
}
