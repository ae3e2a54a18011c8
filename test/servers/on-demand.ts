import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const BUILD = fileURLToPath(new URL('../../.build/', import.meta.url))

/**
 * Packages that few tests need, and that are large: npm installs them on first use into a folder of
 * `.build`. They are not among the devDependencies, which everybody installs.
 *
 * @param specs As npm takes them: `node@24`, `node22@npm:node@22`. Others are installed in their
 *   place.
 * @returns The path of the `node_modules` that has them.
 */
export async function onDemand(folder: string, specs: readonly string[]): Promise<string> {
  const path = `${BUILD}${folder}/`
  mkdirSync(path, { recursive: true })
  const wanted = specs.join(' ')
  const install =
    `test "$(cat done 2> /dev/null)" = '${wanted}' || { ` +
    `echo '{ "private": true }' > package.json && ` +
    `npm install --no-audit --no-fund --no-save --silent ${wanted} && echo '${wanted}' > done; }`
  // One at a time: test files run side by side.
  await run('flock', [`${path}lock`, 'sh', '-c', install], { cwd: path })
  return `${path}node_modules/`
}
