import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'

const run = promisify(execFile)

/** Nothing but what a test asks for: no updates, no experiments, no reports. */
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Debian's Chromium. */
export async function startChromium(): Promise<Browser> {
  const executablePath = await installedChromium()
  return chromium.launch({ executablePath, args: QUIET })
}

/** Where it is; installed first where it is not, as root only can. */
async function installedChromium(): Promise<string> {
  const find = ['-c', 'command -v chromium']
  const found = await run('sh', find).catch(() => undefined)
  if (found) return found.stdout.trim()
  if (process.getuid?.() !== 0) {
    throw new Error('chromium is not on the PATH: install it (apt-get install chromium)')
  }
  // One at a time: test files run side by side.
  const install =
    'command -v chromium || { apt-get update && apt-get install -y --no-install-recommends ' +
    'chromium; }'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('flock', [join(tmpdir(), 'refresh-once-apt.lock'), 'sh', '-c', install], { env })
  return (await run('sh', find)).stdout.trim()
}
