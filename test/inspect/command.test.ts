import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Terminal } from '../../src/cli/command.ts'
import { inspect } from '../../src/cli/inspect.ts'
import { systemClock } from '../../src/core/clock.ts'
import { pageInspector } from '../../src/inspect/index.ts'
import { readRecording } from '../../src/inspect/recording.ts'
import type { RecordedLine } from '../../src/inspect/recording.ts'
import { startPageServer } from '../../src/inspect/server.ts'
import { world } from '../runtime/world.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { streamOf } from './stream.ts'
import { until } from './watching.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//

/** The command line, as a process of its own. */
function command(arguments_: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...arguments_], {
    env: { ...process.env, REFRESH_ONCE_INSPECT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { out: '', error: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.error += chunk.toString()))
  const ended = once(child, 'exit')
  let isOver = false
  void ended.then(() => (isOver = true))
  return {
    said,
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async address(): Promise<string> {
      const found = (): string | undefined => ADDRESS.exec(said.out + said.error)?.[0]
      await until(() => found() !== undefined || isOver)
      return found() ?? expect.fail(`no address in: ${said.out}${said.error}`)
    },
  }
}

/** A terminal that keeps what is written to it. */
function terminal(): Terminal & { readonly said: { out: string; error: string } } {
  const said = { out: '', error: '' }
  return {
    said,
    out: (text) => void (said.out += text),
    error: (text) => void (said.error += text),
    hasColors: false,
    clock: systemClock,
  }
}

describe('refresh-once inspect', () => {
  it('serves the page, prints a recording, and ends at once by Ctrl-C', async () => {
    const running = command(['inspect', '--json'])
    const url = await running.address()
    const stream = await streamOf(url)
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    await process({ inspect: pageInspector({ url }) }).refresh(tokens)
    const lines = await stream.take(15)
    await until(() => running.said.out.split('\n').length > 15)
    running.kill('SIGINT')

    expect(await running.ended).toEqual([0, null])
    expect(running.said.out).toBe(lines.map((line) => `${line}\n`).join(''))
    expect(await stream.ended).toBe(true)
    expect(readRecording(running.said.out)).toMatchObject({ unreadable: 0 })
  })

  it('is where it was before, if it is told', async () => {
    await using before = await startPageServer()
    const { url } = before.address
    await before.stop()

    const running = command(['inspect'], { REFRESH_ONCE_INSPECT: url })

    expect(await running.address()).toBe(url)
    const stream = await streamOf(url)
    running.kill('SIGTERM')
    expect(await running.ended).toEqual([0, null])
    expect(await stream.ended).toBe(true)
  })

  it('shows a recording', async () => {
    const directory = await temporaryDirectory('recording')
    onTestFinished(() => rm(directory, { recursive: true }))
    const sample = await readFile(new URL('sample.jsonl', import.meta.url), 'utf8')
    const path = join(directory, 'recording.jsonl')
    await writeFile(path, `${sample}no line\n`)
    const said = terminal()
    let stop = (): void => {}

    const ended = inspect(['--open', path], said, new Promise<void>((resolve) => (stop = resolve)))
    await until(() => ADDRESS.test(said.said.out))
    const stream = await streamOf(ADDRESS.exec(said.said.out)![0])
    const lines = sample.trim().split('\n')
    const shown = await stream.take(lines.length)
    stop()

    expect(await ended).toBe(0)
    expect(shown).toEqual(lines)
    expect(said.said.error).toContain('1 lines of')
  })

  for (const [what, arguments_, env, says] of [
    ['an unknown option', ['--prot', '1'], {}, /--prot/],
    ['a port that is none', ['--port', '0x1'], {}, /--port is a whole number/],
    ['a port of the system', ['--port', '80'], {}, /--port is a whole number/],
    ['a port that is too high', ['--port', '65536'], {}, /--port is a whole number/],
    ['a file that is not there', ['--open', 'nowhere.jsonl'], {}, /cannot be read/],
    ['a file that is no recording', ['--open', 'package.json'], {}, /no recording/],
    ['an address that is none', [], { REFRESH_ONCE_INSPECT: 'page' }, /REFRESH_ONCE_INSPECT/],
  ] as const) {
    it(`ends with 2 for ${what}`, async () => {
      const said = terminal()

      expect(await inspect(arguments_, said, Promise.resolve(), env)).toBe(2)
      expect(said.said.error).toMatch(says)
    })
  }

  it('ends with 1 where somebody else listens', async () => {
    await using server = await startPageServer()
    const said = terminal()

    const port = String(server.address.port)

    expect(await inspect(['--port', port], said, Promise.resolve(), {})).toBe(1)
    expect(said.said.error).toMatch(/the port is taken/)
  })
})

describe('refresh-once demo --inspect', () => {
  it('feeds the second act into the page, and ends by Ctrl-C', async () => {
    const running = command(['demo', '--inspect'])
    const stream = await streamOf(await running.address())

    const lines: RecordedLine[] = []
    const presented = (): number =>
      lines.filter((line) => line.kind === 'call' && line.actor === 'present').length
    // Three expiries and an answer that is lost: each is begun, and ends.
    while (presented() < 8) lines.push(...readRecording((await stream.take(1)).join('')).lines)
    await until(() => running.said.out.includes('Ctrl-C'))
    running.kill('SIGINT')

    expect(await running.ended).toEqual([0, null])
    expect(lines.every(({ process }) => process.startsWith('demo~'))).toBe(true)
    expect(lines.filter(({ kind }) => kind === 'joined').length).toBeGreaterThan(40)
    expect(await stream.ended).toBe(true)
  }, 60_000)

  it('ends with 2 for what it does not understand', async () => {
    const running = command(['demo', '--inpsect'])

    expect(await running.ended).toEqual([2, null])
    expect(running.said.error).toMatch(
      /^refresh-once demo: Unknown option '--inpsect': did you mean --inspect\?\n/,
    )
  })
})
