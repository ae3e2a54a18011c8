import { importsOf, packageOf, resolveFrom } from './code.ts'

/**
 * The packages that a module loads, by itself or through what it imports.
 *
 * @param options.types Whether to follow imports of types too: then it is what a reader of the
 *   declarations must have installed.
 */
export function packagesReachedFrom(
  entry: string,
  read: (path: string) => string,
  { types = false } = {},
): Set<string> {
  const packages = new Set<string>()
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { specifier, typeOnly } of importsOf(path, read(path))) {
      if (typeOnly && !types) continue
      if (specifier.startsWith('.')) visit(resolveFrom(path, specifier))
      else packages.add(packageOf(specifier))
    }
  }
  visit(entry)
  return packages
}
