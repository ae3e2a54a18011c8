// Imports every line of `exports`, from a project in which the packed package is installed.
// Prints `ok <line>` or `not ok <line>` for each; .ci/run counts them.
import { readdir, readFile } from 'node:fs/promises'

const manifest = JSON.parse(await readFile('node_modules/refresh-once/package.json', 'utf8'))

for (const line of await linesOf(manifest.exports)) {
  const options = line.endsWith('.json') ? { with: { type: 'json' } } : {}
  try {
    await import(`refresh-once${line.slice(1)}`, options)
    console.log(`ok ${line}`)
  } catch (error) {
    console.log(`not ok ${line}: ${String(error)}`)
  }
}

for (const line of Object.keys(manifest.exports).filter((name) => !manifest.exports[name])) {
  const closed = `refresh-once${line.slice(1).replace('*', 'request')}`
  const error = await import(closed).catch((reason) => reason)
  const isClosed = error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
  console.log(`${isClosed ? 'ok' : 'not ok'} ${line} is closed`)
}

/** Each open line; a pattern stands for each file in its folder. */
async function linesOf(exported) {
  const lines = []
  for (const [line, target] of Object.entries(exported)) {
    if (target === null) continue
    if (!line.includes('*')) lines.push(line)
    else {
      const [folder, ending] = target.default.split('*')
      const files = await readdir(`node_modules/refresh-once/${folder}`)
      const stars = files.filter((file) => file.endsWith(ending))
      lines.push(...stars.map((file) => line.replace('*', file.slice(0, -ending.length))))
    }
  }
  return lines.filter((line) => exported[line] !== null)
}
