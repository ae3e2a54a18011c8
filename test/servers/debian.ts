import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Where a program is that Debian has in a package, of the same name by default. Installed first
 * where it is not, as root only can.
 */
export async function installed(name: string, inPackage = name): Promise<string> {
  // Servers are not on everybody's path.
  const find = `PATH="$PATH:/usr/sbin"; command -v ${name}`
  const found = await run('sh', ['-c', find]).catch(() => undefined)
  if (found) return found.stdout.trim()
  if (process.getuid?.() !== 0) {
    throw new Error(`${name} is not on the PATH: install it (apt-get install ${inPackage})`)
  }
  // One at a time: test files run side by side. RUNLEVEL tells Debian's scripts to start nothing.
  const apt = `apt-get update && apt-get install -y --no-install-recommends ${inPackage}`
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
  await run(
    'flock',
    [join(tmpdir(), 'refresh-once-apt.lock'), 'sh', '-c', `${find} || { ${apt}; }`],
    { env },
  )
  return (await run('sh', ['-c', find])).stdout.trim()
}
