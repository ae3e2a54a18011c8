import { importsOf, resolveFrom } from './code.ts'
import { isShipped, type Project } from './rule.ts'

/** An import of one shipped module by another. */
interface GraphEdge {
  readonly to: string
  readonly typeOnly: boolean
}

/** The shipped modules and their imports of each other, by path. */
export type ModuleGraph = ReadonlyMap<string, readonly GraphEdge[]>

const graphs = new WeakMap<Project, ModuleGraph>()

/** Reads the imports of a project, once for all rules. */
export function graphOf(project: Project): ModuleGraph {
  const known = graphs.get(project) ?? readGraph(project)
  graphs.set(project, known)
  return known
}

function readGraph({ paths, read }: Project): ModuleGraph {
  const modules = [...paths].filter(isShipped)
  return new Map(
    modules.map((path) => [
      path,
      importsOf(path, read(path)).flatMap(({ specifier, typeOnly }) => {
        const to = specifier.startsWith('.') ? resolveFrom(path, specifier) : undefined
        return to !== undefined && paths.has(to) && isShipped(to) ? [{ to, typeOnly }] : []
      }),
    ]),
  )
}

/** The modules that import each module, by path. */
export function importersOf(graph: ModuleGraph): ReadonlyMap<string, ReadonlySet<string>> {
  const importers = new Map<string, Set<string>>()
  for (const [path, edges] of graph) {
    for (const { to } of edges) importers.set(to, (importers.get(to) ?? new Set()).add(path))
  }
  return importers
}

/**
 * The modules that a module loads, itself included. Imports of types are not followed.
 *
 * @param isSkipped Leaves out modules, and what only they load.
 */
export function loadedFrom(
  graph: ModuleGraph,
  entry: string,
  isSkipped: (path: string) => boolean = () => false,
): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    const edges = graph.get(path)
    if (edges === undefined || seen.has(path) || isSkipped(path)) return
    seen.add(path)
    for (const { to, typeOnly } of edges) if (!typeOnly) visit(to)
  }
  visit(entry)
  return seen
}

/** The shortest way from a module over its imports, of types too, back to itself. */
export function circleThrough(graph: ModuleGraph, start: string): readonly string[] | undefined {
  const before = new Map<string, string>()
  const queue = [start]
  for (const path of queue) {
    for (const { to } of graph.get(path) ?? []) {
      if (to === start) return wayTo(path, start, before)
      if (before.has(to)) continue
      before.set(to, path)
      queue.push(to)
    }
  }
  return undefined
}

function wayTo(last: string, start: string, before: ReadonlyMap<string, string>): string[] {
  const way = [start]
  for (let path = last; path !== start; path = before.get(path)!) way.unshift(path)
  return [start, ...way]
}
