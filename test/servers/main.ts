/**
 * `npm run test:servers`: the tests that need Redis, PgBouncer, a browser or another runtime.
 *
 * On Debian as root the missing programs are installed first. Elsewhere the command says what is
 * missing and how to get it, leaves out the tests that need it, and runs the others. With `CI=true`
 * a missing program is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { GROUPS, needsOf } from '../groups.ts'

/** Debian's packages, and what Homebrew calls them. */
const HOMEBREW: Readonly<Record<string, string>> = {
  'redis-server': 'brew install redis',
  'mariadb-server': 'brew install mariadb',
  pgbouncer: 'brew install pgbouncer',
  chromium: 'brew install --cask chromium',
  python3: 'brew install python',
  curl: 'brew install curl',
}

const needs = new Map(GROUPS.servers.map((file) => [file, needsOf(file)]))
const programs = [...new Set([...needs.values()].flatMap((names) => [...names]))].toSorted()
const missing = programs.filter((name) => name !== 'node' && !isInstalled(name))
const canInstall = process.getuid?.() === 0 && isInstalled('apt-get')

if (missing.length > 0 && canInstall) {
  console.log(`Debian's packages are installed for these tests: ${missing.join(', ')}.`)
}
const lacking = canInstall ? [] : missing
const left = GROUPS.servers.filter((file) => lacking.some((name) => needs.get(file)?.has(name)))
if (lacking.length > 0) console.log(instructions())

const { status } = spawnSync(
  'npx',
  [
    ...'vitest run --project servers'.split(' '),
    ...process.argv.slice(2),
    ...left.flatMap((file) => ['--exclude', file]),
  ],
  { stdio: 'inherit' },
)
process.exitCode = lacking.length > 0 && process.env['CI'] === 'true' ? 1 : (status ?? 1)

function instructions(): string {
  const brew = lacking.map((name) => HOMEBREW[name] ?? `brew install ${name}`)
  return [
    '',
    `These tests need programs that are missing: ${lacking.join(', ')}.`,
    `  Debian, Ubuntu:  sudo apt-get install ${lacking.join(' ')}`,
    `  macOS:           ${brew.join(' && ')}`,
    `Without them ${left.length} of ${GROUPS.servers.length} files are left out:`,
    ...left.map((file) => `  ${file}`),
    '',
  ].join('\n')
}

function isInstalled(name: string): boolean {
  const command = name === 'mariadb-server' ? 'mariadbd' : name
  try {
    execFileSync('sh', ['-c', `PATH="$PATH:/usr/sbin"; command -v ${command}`])
    return true
  } catch {
    return false
  }
}
