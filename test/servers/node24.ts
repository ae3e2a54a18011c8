import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('../../.build/node24/', import.meta.url))
const BINARY = `${FOLDER}node_modules/node/bin/node`

/**
 * The path of a Node 24, which has SQLite built in. Installed by npm on first use, and not among
 * the devDependencies: every script would find its `node` before the one that runs it.
 */
export async function node24(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true })
  const install =
    `test -x "${BINARY}" || { echo '{ "private": true }' > package.json && ` +
    'npm install --no-audit --no-fund --no-save --silent node@24; }'
  // One at a time: test files run side by side.
  await run('flock', [`${FOLDER}lock`, 'sh', '-c', install], { cwd: FOLDER })
  if (!existsSync(BINARY)) throw new Error('node@24 was installed, and brought no binary')
  return BINARY
}
