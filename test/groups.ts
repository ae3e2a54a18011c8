import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/**
 * Tests that need nothing but npm packages, and more minutes than `npm test` may take: they draw
 * many worlds, break copies of the source, or wait for servers that answer slowly.
 */
const LONG = [
  /^test\/(fuzz|mutants|properties|simulation)\//,
  /^test\/providers\/(every|new-provider)\./,
  /^test\/cli\/(fuzz|probe|probe-axes)\./,
  /^test\/integrations\/auth-js\/(database|stolen)\./,
  /^test\/(broker\/serve|core\/failure|credentials\/kills|examples\/cli|mcp\/mcp)\./,
]

/** How a helper of the tests asks for a program, and which module brings another Node. */
const ASKS = /installed\('(?:[\w-]+', ')?([\w-]+)'\)/g
const IMPORTS = /(?:from|import\()\s*'(\.[^']+\.ts)'/g
const OTHER_RUNTIME = normalize('test/servers/on-demand.ts')

export type Group = 'fast' | 'long' | 'servers'

/**
 * All test files, by the command that runs them: `npm test` (fast), `npm run test:long`, `npm run
 * test:servers`. Derived from what a file imports, so that a new test needs no entry here.
 */
export const GROUPS: Readonly<Record<Group, readonly string[]>> = grouped()

function grouped(): Record<Group, string[]> {
  const groups: Record<Group, string[]> = { fast: [], long: [], servers: [] }
  for (const file of testFiles()) {
    if (needsOf(file).size > 0) groups.servers.push(file)
    else groups[LONG.some((some) => some.test(file)) ? 'long' : 'fast'].push(file)
  }
  return groups
}

function testFiles(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
    .toSorted()
}

/**
 * The programs outside of npm that a test file asks for, itself or through what it imports: names
 * of Debian's packages, and `node` for another Node.
 */
export function needsOf(file: string, seen = new Set<string>()): Set<string> {
  const needs = new Set<string>()
  if (seen.has(file)) return needs
  seen.add(file)
  if (file === OTHER_RUNTIME) return needs.add('node')
  const source = readFileSync(join(ROOT, file), 'utf8')
  for (const [, name = ''] of source.matchAll(ASKS)) needs.add(name)
  for (const [, path = ''] of source.matchAll(IMPORTS)) {
    const imported = normalize(join(dirname(file), path))
    // Text that a test writes into a file may look like an import, too.
    if (!imported.startsWith('test/') || !existsSync(join(ROOT, imported))) continue
    for (const need of needsOf(imported, seen)) needs.add(need)
  }
  return needs
}
