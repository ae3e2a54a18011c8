// Imports every line of `exports`, from a project in which the packed package is installed.
// Prints `ok <line>` or `not ok <line>` for each; .ci/run counts them.
import { readFile } from 'node:fs/promises'

const manifest = JSON.parse(await readFile('node_modules/refresh-once/package.json', 'utf8'))

for (const line of Object.keys(manifest.exports)) {
  const options = line.endsWith('.json') ? { with: { type: 'json' } } : {}
  try {
    await import(`refresh-once${line.slice(1)}`, options)
    console.log(`ok ${line}`)
  } catch (error) {
    console.log(`not ok ${line}: ${String(error)}`)
  }
}
