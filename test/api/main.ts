/**
 * `npm run pin` writes the public API down; `npm run check -- api` compares it with what is checked
 * in, so that each change of it is seen in a diff.
 *
 * `main.ts FOLDER [--write]`: the folder holds the declarations of a build.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { entriesOf } from '../tidy/manifest.ts'
import { repository } from '../tidy/repository.ts'
import { publicApi } from './snapshot.ts'

const CHECKED_IN = 'test/api/public-api.txt'

const [folder = 'dist', option] = process.argv.slice(2)
const modules = entriesOf(repository())
  .filter(({ name }) => name.startsWith('.'))
  .map(({ name, target }) => ({
    name: `refresh-once${name.slice(1)}`,
    path: target.replace('./dist/', `${folder}/`).replace(/\.js$/, '.d.ts'),
  }))
const now = publicApi(modules)

if (option === '--write') {
  writeFileSync(CHECKED_IN, now)
} else {
  const before = new Set(readFileSync(CHECKED_IN, 'utf8').split('\n'))
  const changed = now.split('\n').filter((line) => !before.has(line))
  if (readFileSync(CHECKED_IN, 'utf8') !== now) {
    console.log(`The public API is not what ${CHECKED_IN} says. Write it anew: npm run pin`)
    console.log(changed.slice(0, 40).join('\n'))
    process.exitCode = 1
  }
}
