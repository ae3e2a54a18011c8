/** The main entry's types must make sense to somebody who has installed nothing else. */
import { readFileSync } from 'node:fs'
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
