/**
 * The main entry's types must make sense to somebody who has installed nothing else, and what is
 * built must not look for the sources: TypeScript forgets to rename some dynamic imports.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { packagesReachedFrom } from '../tidy/reach.ts'

const packages = packagesReachedFrom(
  'dist/src/index.d.ts',
  (path) => readFileSync(path.replace(/(?<!\.d)\.[jt]s$/, '.d.ts'), 'utf8'),
  { types: true },
)
if (packages.size > 0) {
  console.log(`The types of the main entry come from ${[...packages].join(', ')}.`)
  process.exitCode = 1
}

for (const path of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!path.endsWith('.js')) continue
  const [lost] =
    /(?:\bfrom|\bimport\(?)\s*'\.[^']*\.tsx?'/.exec(readFileSync(`dist/${path}`, 'utf8')) ?? []
  if (lost === undefined) continue
  console.log(`dist/${path} looks for ${lost}`)
  process.exitCode = 1
}
