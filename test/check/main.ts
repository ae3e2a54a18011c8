/**
 * `npm run check`: everything that is not a test, two parts at a time.
 *
 * `npm run check -- lint types` runs the parts named only.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { runCommand, seconds, type Command, type Result } from './command.ts'

interface Part extends Command {
  /** The part that must have passed before. */
  readonly after?: string
}

const TARBALL = '.build/pack/refresh-once.tgz'

/** The longest first, so that the two lanes end together. */
const PARTS: readonly Part[] = [
  { name: 'build', run: 'npm run build' },
  { name: 'types', run: 'tsc --noEmit' },
  { name: 'pack', run: 'tsx test/check/pack.ts', after: 'build' },
  { name: 'attw', run: `attw ${TARBALL} --profile esm-only --format ascii`, after: 'pack' },
  { name: 'format', run: 'prettier --check --log-level warn .' },
  { name: 'publint', run: `publint run ${TARBALL} --strict`, after: 'pack' },
  { name: 'api', run: 'tsx test/api/main.ts dist', after: 'build' },
  { name: 'declarations', run: 'tsx test/check/declarations.ts', after: 'build' },
  { name: 'knip', run: 'knip --treat-config-hints-as-errors' },
  { name: 'tidy', run: 'vitest run test/tidy.test.ts --reporter=dot' },
  { name: 'lint', run: 'oxlint --type-aware --report-unused-disable-directives-severity=error' },
]
const LANES = 2

function partsNamed(names: readonly string[]): readonly Part[] {
  if (names.length === 0) return PARTS
  const unknown = names.filter((name) => !PARTS.some((part) => part.name === name))
  if (unknown.length > 0) throw new TypeError(`No such part: ${unknown.join(', ')}`)
  const wanted = new Set(names)
  // What a part stands on is listed before it.
  for (const { name, after } of PARTS.toReversed()) if (after && wanted.has(name)) wanted.add(after)
  return PARTS.filter(({ name }) => wanted.has(name))
}

/** Runs the parts on a few lanes; a lane takes the first part that need not wait any more. */
async function runAll(parts: readonly Part[]): Promise<Result[]> {
  const results = new Map<string, Result>()
  const running = new Set<Promise<void>>()
  const waiting = [...parts]
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex(({ after }) => after === undefined || results.has(after))
    if (next < 0 || running.size === LANES) {
      await Promise.race(running)
      continue
    }
    const [part] = waiting.splice(next, 1)
    const lane = runAfter(part!, results).then((result) => {
      print(result)
      results.set(result.name, result)
      running.delete(lane)
    })
    running.add(lane)
  }
  return [...results.values()]
}

async function runAfter(part: Part, results: ReadonlyMap<string, Result>): Promise<Result> {
  const { name, after } = part
  if (after === undefined || results.get(after)?.passed) return runCommand(part)
  return { name, passed: false, ms: 0, output: `not run: ${after} failed` }
}

function print({ name, passed, ms, output }: Result): void {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(13)} ${seconds(ms)}`)
  if (!passed) console.log(`${output}\n`)
}

const results = await runAll(partsNamed(process.argv.slice(2)))
const failed = results.filter(({ passed }) => !passed)
console.log(`check: ${results.length - failed.length} passed, ${failed.length} failed`)

// For .ci/run, which counts the parts.
mkdirSync('.build', { recursive: true })
writeFileSync('.build/check.json', JSON.stringify(results, undefined, 2))
process.exitCode = failed.length === 0 ? 0 : 1
