import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { loadProvider } from '../../src/cli/fuzz/load.ts'
import { REPORTERS, fuzzOptionsOf } from '../../src/cli/fuzz/fuzz.ts'
import { UsageError } from '../../src/cli/args.ts'
import type { FuzzReport } from '../../src/cli/fuzz/fuzz.ts'
import { systemClock } from '../../src/core/clock.ts'
import { drawBehaviour } from '../../src/testing/authorization-server/description.ts'
import { runTypeScript } from '../stores/child.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
mkdirSync(`${root}.build`, { recursive: true })
const folder = mkdtempSync(`${root}.build/fuzz-`)
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

const ours = pathToFileURL(`${root}src/index.ts`).href

function written(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return relative(process.cwd(), path)
}

const provider = (more: string): string =>
  `import { defineProvider } from '${ours}'
   const id: string = 'mine'
   export const provider = defineProvider({ id, tokenEndpoint: 'https://a.example/t', ${more} })`

const good = written('good.ts', provider(''))
const bad = written('bad.ts', provider("rotation: 'never'"))

interface Told {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function told(...arguments_: string[]): Promise<Told> {
  const written = { out: '', error: '' }
  const code = await run(['fuzz', ...arguments_], {
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
    hasColors: false,
    // Progress is told by it.
    clock: { ...systemClock, monotonic: () => 0 },
  })
  return { code, ...written }
}

const drawn = ['--runs', '20', '--seed', '1', '--server', 'oidc-provider'] as const

describe('refresh-once fuzz', () => {
  it('ends with 0 where nothing is found', async () => {
    const { code, out, error } = await told(good, ...drawn)

    expect(out).toMatch(/^mine against oidc-provider: nothing was found in 20 runs, \d+ runs\/s, /)
    expect([code, error]).toEqual([0, ''])
  })

  it('ends with 1 where something does not hold, and says how to see it again', async () => {
    const { code, out } = await told(bad, ...drawn)

    const again = /again: npx refresh-once fuzz (\S+) --server oidc-provider --path (\S+)/
    const [, file = '', path = ''] = again.exec(out)!
    const second = await told(file, '--server', 'oidc-provider', '--path', path)
    const story = (text: string): string => text.split('again:')[0]!
    expect(code).toBe(1)
    expect(story(second.out)).toBe(story(out))
    expect(second.out).toContain('\n\n1 runs, ')
  })

  it('takes the server that the file exports, and what else it does', async () => {
    const file = written(
      'whole.ts',
      `${provider("request: { format: 'json' }")}
       export const server = { name: 'my-backend', wire: { carry: { json: 'refresh_token' } } }
       export const fetch = (next: Function) => (url: string, init: object) => next(url, init)`,
    )

    const { code, out } = await told(file, '--runs', '20', '--seed', '1')

    expect(out).toContain('mine against my-backend: nothing was found')
    expect(code).toBe(0)
  })

  it.each([
    [[], 'name one file'],
    [[good, good], 'name one file'],
    [['nope.ts'], 'there is no file nope.ts'],
    [[good], 'which server?'],
    [[good, '--server', 'nope'], "no preset 'nope': rfc6749, oidc-provider, "],
    [[good, '--server', 'logto', '--runs', '0'], '--runs is a whole number, 1 or more'],
    [[good, '--server', 'logto', '--seed', '-1'], "'--seed'"],
    [[good, '--server', 'logto', '--time', '60'], '--time is like 60s'],
    [[good, '--server', 'logto', '--time', '0s'], 'nothing was tried: the time was over at once'],
    [[good, '--server', 'logto', '--path', '1:0:99'], 'there is nothing at 1:0:99 any more'],
    [[good, '--server', 'logto', '--path', 'x'], "--path 'x' is no path"],
    [[good, '--server', 'logto', '--replay', '1:0'], '--replay is now called --path'],
    [[good, '--server', 'logto', '--reporter', 'xml'], '--reporter is one of text, json'],
    [[good, '--serber', 'logto'], "Unknown option '--serber'"],
  ])('ends with 2 for %j', async (arguments_, message) => {
    const { code, out, error } = await told(...arguments_)

    expect(error).toContain('refresh-once fuzz: ')
    expect(error).toContain(message)
    expect([code, out]).toEqual([2, ''])
  })

  it.each([
    ['a file without provider', 'export const other = 1', 'exports no provider'],
    ['a file that throws', "throw new Error('no such thing')", 'cannot be loaded: no such thing'],
    ['a file that cannot be read', 'export const = 1', 'cannot be loaded'],
    [
      'a fetch that throws',
      `${provider('')}; export const fetch = () => { throw new Error('no URL') }`,
      'fetch: it throws Error: no URL',
    ],
    [
      'a fetch that makes none',
      `${provider('')}; export const fetch = async (next: unknown) => next`,
      'fetch: it returns no function',
    ],
  ])('ends with 2 for %s', async (name, text, message) => {
    const file = written(`${name.replaceAll(' ', '-')}.ts`, text)

    const { code, error } = await told(file, ...drawn)

    expect(error).toContain(message)
    expect(code).toBe(2)
  })

  it.each([
    ['{', 'describes no server'],
    ['{ "rotation": "always" }', 'describes no server'],
    [
      '{ "name": "a", "rotation": "allways" }',
      'rotation is "allways", and must be: always, sometimes, never',
    ],
    [
      '{ "name": "a", "reuseWindow": { "s": 3 } }',
      'must be: none, until_successor_used, forever, { ms }',
    ],
    ['{ "name": "a", "accessTokenMs": "1h" }', 'accessTokenMs is "1h", and must be: milliseconds'],
    ['{ "name": "a", "rotates": true }', 'there is no "rotates", but { name, rotation, '],
  ])('ends with 2 for the description %s', async (text, message) => {
    const file = written('description.json', text)

    const { code, error } = await told(good, '--server', file)

    expect(error).toContain(message)
    expect(code).toBe(2)
  })

  it('ends with 2 for a server that the file describes wrongly', async () => {
    const server = "export const server = { name: 'a', validates: 'never' }"
    const file = written('wrong-server.ts', `${provider('')}; ${server}`)

    const { code, error } = await told(file)

    expect(error).toContain('server: validates is "never", and must be: before_consuming, ')
    expect(code).toBe(2)
  })

  it('takes a description of every axis', async () => {
    const { wire: _, ...behaviour } = drawBehaviour({ name: 'x' }, () => 0).behaviour
    const described = { name: 'whole', ...behaviour, reuseWindow: { ms: 10 }, wire: {} }
    const file = written('whole.json', JSON.stringify(described))

    const { code, error } = await told(good, '--server', file, '--runs', '3', '--seed', '1')

    expect([code, error]).toEqual([0, ''])
  })

  it('prints its usage', async () => {
    const { code, out } = await told('--help')

    expect(out).toMatch(/^usage: refresh-once fuzz <file>/)
    expect(code).toBe(0)
  })
})

describe('loadProvider', () => {
  // Here everything is TypeScript: Node itself needs tsx for it, of whatever version it is.
  const inNode = (script: string): Promise<string> =>
    new Promise((resolve) => {
      const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
      execFile(process.execPath, args, { cwd: root }, (_, stdout, stderr) => {
        resolve(stdout === '' ? stderr : stdout)
      })
    })

  it('says what to install where neither Node nor anybody else reads TypeScript', async () => {
    const script = `
      import { register } from 'node:module'
      const hooks = 'export async function resolve(name, context, next) {' +
        'if (name === "tsx/esm/api") throw new Error("no"); return next(name, context) }' +
        'export async function load(url, context, next) {' +
        'if (url.endsWith("good.ts")) throw Object.assign(new Error("?"),' +
        '{ code: "ERR_UNKNOWN_FILE_EXTENSION" }); return next(url, context) }'
      register('data:text/javascript,' + encodeURIComponent(hooks))
      const { loadProvider } = await import('./src/cli/fuzz/load.ts')
      await loadProvider(${JSON.stringify(join(folder, 'good.ts'))}, '/').catch((error) => {
        console.log(error.message)
      })`

    expect(await inNode(script)).toMatch(/does not read \S+good\.ts as it is: npm i -D tsx, or/)
  })

  it.each([
    ['import', ''],
    ['an import without extension', "import { more } from './more'"],
    ['a path of tsconfig.json', "import { more } from '@/more'"],
  ])('reads %s in a package of type commonjs, in Node 24', async (_, line) => {
    const project = mkdtempSync(join(folder, 'package-'))
    writeFileSync(join(project, 'package.json'), '{ "type": "commonjs" }')
    writeFileSync(
      join(project, 'tsconfig.json'),
      '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }',
    )
    writeFileSync(join(project, 'more.ts'), "export const more: string = 'more'")
    writeFileSync(join(project, 'provider.ts'), `${line}\n${provider('')}`)

    const file = join(project, 'provider.ts')
    const { code, stdout, stderr } = await runTypeScript('src/cli/main.ts', [
      'fuzz',
      file,
      ...drawn,
    ])

    expect(stdout, stderr).toContain('mine against oidc-provider: nothing was found')
    expect(code).toBe(0)
  })

  it('refuses what is no provider', async () => {
    const file = written('odd.ts', 'export const provider = { id: 1 }')

    await expect(loadProvider(file, process.cwd())).rejects.toBeInstanceOf(UsageError)
  })
})

describe('fuzzOptionsOf', () => {
  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['5m', 300_000],
  ])('reads %s', (time, timeMs) => {
    expect(fuzzOptionsOf(['a.ts', '--time', time])).toMatchObject({ time: timeMs, runs: 1_000 })
  })
})

describe('the reporters', () => {
  const report: FuzzReport = {
    provider: 'mine',
    server: 'logto',
    file: "it's, a:b.ts",
    isCut: false,
    result: {
      runs: 3,
      seed: 1,
      durationMs: 20,
      runsPerSecond: 150,
      counterexample: {
        invariant: 'P2',
        what: 'a <b> & "c"\u0000, 100 %',
        story: [],
        path: '1:0',
        command: 'again',
        text: 'one\ntwo ]]> \u001b[31m',
      },
    },
  }

  it('json: can be parsed', () => {
    expect(JSON.parse(REPORTERS.json(report))).toMatchObject({ server: 'logto', runs: 3 })
  })

  it('junit: escapes what XML cannot hold', () => {
    const text = REPORTERS.junit(report)

    expect(text).toContain('failures="1"')
    expect(text).toContain('message="a &lt;b&gt; &amp; &quot;c&quot;, 100 %"')
    expect(text).toContain('classname="it&apos;s, a:b.ts"')
    for (const part of ['\u0000', '\u001b', '\u009b', '\u007f', ']]>'])
      expect(text).not.toContain(part)
  })

  it('github: one annotation on one line, escaped', () => {
    const [line = ''] = REPORTERS.github(report).split('\n')

    expect(line).toMatch(/^::error file=it's%2C a%3Ab\.ts,title=P2%3A /)
    expect(line).toMatch(/100 %25%0Aagain$/)
  })

  it.each([
    ['the folder it runs in', undefined, './provider.ts', 'provider.ts'],
    ['the workspace', resolve('..'), './provider.ts', `${basename(resolve())}/provider.ts`],
  ])('github: names the file from %s', (_, workspace, file, named) => {
    vi.stubEnv('GITHUB_WORKSPACE', workspace)

    expect(REPORTERS.github({ ...report, file })).toContain(`::error file=${named},`)
  })

  it('github: takes nothing in the text for a command', () => {
    const lines = REPORTERS.github(report).split('\n')

    const [, token = ''] = /^::stop-commands::(\S{36})$/.exec(lines[1]!)!
    expect(lines.slice(-2)).toEqual([`::${token}::`, ''])
  })

  it.each(['text', 'github'] as const)('%s: keeps a foreign name on one line', (reporter) => {
    const { counterexample: _, ...result } = report.result
    const server = 'x\n::error ::from the wire\u001b[31m'

    const text = REPORTERS[reporter]({ ...report, server, result })

    expect(text).toContain('mine against x ::error ::from the wire [31m: nothing was found')
  })

  it('say nothing of a failure where there is none', () => {
    const { counterexample: _, ...result } = report.result
    const fine = { ...report, result }

    expect(REPORTERS.junit(fine)).toContain('failures="0"')
    expect(REPORTERS.github(fine)).not.toContain('::error')
  })

  it('say that the time was over before all was tried', () => {
    const { counterexample: _, ...result } = report.result

    expect(REPORTERS.text({ ...report, isCut: true, result })).toContain('The time was over')
    expect(REPORTERS.text({ ...report, result })).not.toContain('over')
  })
})
