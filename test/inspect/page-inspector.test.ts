import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import { pageInspector } from '../../src/inspect/index.ts'
import { readRecording } from '../../src/inspect/recording.ts'
import type { RecordedLine } from '../../src/inspect/recording.ts'
import { startPageServer } from '../../src/inspect/server.ts'
import { systemClock } from '../../src/core/clock.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { expectNoSecret, world } from '../runtime/world.ts'
import type { Order } from './process.ts'
import { streamOf } from './stream.ts'
import type { Stream } from './stream.ts'

/** Takes lines until one holds. */
async function taken(
  stream: Stream,
  isLast: (line: RecordedLine, all: readonly RecordedLine[]) => boolean,
): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = []
  do {
    lines.push(...readRecording((await stream.take(1)).join('')).lines)
  } while (!isLast(lines.at(-1)!, lines))
  return lines
}

interface Answer {
  readonly state: string
  readonly usable: boolean
  readonly newest: TokenSet
}

/** A process of its own, and what its callers get. It ends by itself. */
async function run(order: Order, page: string): Promise<readonly Answer[]> {
  const path = fileURLToPath(new URL('process.ts', import.meta.url))
  const env = { ...process.env, REFRESH_ONCE_INSPECT: page }
  const child = fork(path, { execArgv: ['--import', 'tsx'], env })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  child.send(order)
  const answered = once(child, 'message') as Promise<[readonly Answer[]]>
  const broken = ended.then(() => Promise.reject(new Error('it ended without an answer')))
  const [answers] = await Promise.race([answered, broken])
  expect(await ended).toEqual([0, null])
  return answers
}

describe('several processes', () => {
  it('feed one page: a storm of two makes one presentation', async () => {
    await using server = await startOidcServer({ latency: { after: 300 } })
    await using page = await startPageServer()
    const { url } = page.address
    const stream = await streamOf(url)
    const directory = await temporaryDirectory('inspect')
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const answer = await server.signIn()
    const tokens = { ...tokenSetOf(answer, systemClock), expiresAtMs: 1e12 }
    const order = { issuer: server.issuer, directory, tokens, callers: 10 }

    const answers = await Promise.all([
      run({ ...order, label: 'web-1' }, url),
      run({ ...order, label: 'web-2' }, url),
    ])
    const isOver = (_: unknown, all: readonly RecordedLine[]): boolean =>
      all.filter(({ kind, ...line }) => kind === 'event' && isEnd(line)).length === 2
    const lines = await taken(stream, isOver)

    expect(answers.flat().map(({ usable }) => usable)).toEqual(
      Array.from({ length: 20 }, () => true),
    )
    const processes = new Set(lines.map((line) => line.process))
    expect(new Set([...processes].map((name) => name.split('~')[0]))).toEqual(
      new Set(['web-1', 'web-2']),
    )
    expect(processes.size).toBe(2)
    const count = (kind: string, actor?: string): number =>
      lines.filter((line) => line.kind === kind && (!actor || isBegin(line, actor))).length
    expect({ runs: count('run'), joined: count('joined') }).toEqual({ runs: 2, joined: 18 })
    expect(count('call', 'present')).toBe(1)
    expect(server.counts().presentations).toBe(1)
    for (const name of processes) {
      const seqs = lines.filter((line) => line.process === name).map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    }
    const { newest } = answers[0][0]!
    const secrets = [
      tokens.accessToken,
      answer.refresh_token,
      newest.accessToken,
      newest.refreshToken!,
    ]
    expectNoSecret([...secrets, newest.grant!.split('.')[0]!], JSON.stringify(lines))
    stream.close()
  }, 60_000)
})

const isEnd = (line: object): boolean =>
  'event' in line && (line.event as { type: string }).type === 'ended'
const isBegin = (line: RecordedLine, actor: string): boolean =>
  line.kind === 'call' && line.phase === 'began' && line.actor === actor

describe('pageInspector', () => {
  it('goes on when the server of the page is started again, and loses nothing', async () => {
    const before = await startPageServer()
    const { url, port, secret } = before.address
    const { process, signIn, expire } = await world()
    const refresher = process({ inspect: pageInspector({ url }) })
    const tokens = await signIn()
    expire()
    const first = await streamOf(url)
    const { tokens: newest } = await refresher.refresh(tokens)
    const told = await taken(first, isEnd)

    await before.stop()
    expire()
    const outcome = await refresher.refresh(newest)
    await using after = await startPageServer({ port, secret })
    const second = await streamOf(after.address.url)
    const later = await taken(second, isEnd)
    second.close()

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    const seqs = [...told, ...later].map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
  })

  it('delays nothing where nobody listens', async () => {
    const gone = await startPageServer()
    await gone.stop()
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    const refresher = process({ inspect: pageInspector({ url: gone.address.url }) })

    expect(await refresher.refresh(tokens)).toMatchObject({ state: 'rotated', usable: true })
  })

  it('takes the address from the environment', async () => {
    await using page = await startPageServer()
    vi.stubEnv('REFRESH_ONCE_INSPECT', page.address.url)
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    await process({ inspect: pageInspector() }).refresh(tokens)

    const stream = await streamOf(page.address.url)
    expect((await taken(stream, isEnd))[0]).toMatchObject({ kind: 'run', seq: 1 })
    stream.close()
  })

  it('marks each start of a process of the same name', async () => {
    await using page = await startPageServer()
    const { url } = page.address
    const stream = await streamOf(url)
    const line = { kind: 'joined', atMs: 1, provider: 'oidc' } as const

    for (let start = 0; start < 2; start += 1) pageInspector({ url, process: 'web' }).lines([line])
    const lines = await taken(stream, (_, all) => all.length === 2)
    stream.close()

    expect(lines.map(({ seq }) => seq)).toEqual([1, 1])
    expect(lines.every(({ process }) => /^web~[\w-]{3}$/.test(process))).toBe(true)
    expect(lines[0]!.process).not.toBe(lines[1]!.process)
  })

  const secret = 's'.repeat(24)
  for (const [what, options] of [
    ['no address', {}],
    ['an address that is none', { url: 'page' }],
    ['https', { url: `https://127.0.0.1:4711/${secret}/` }],
    ['no port', { url: `http://127.0.0.1/${secret}/` }],
    ['no secret', { url: 'http://127.0.0.1:4711/' }],
    ['a short secret', { url: 'http://127.0.0.1:4711/secret/' }],
    ['another machine', { url: `http://192.0.2.1:4711/${secret}/` }],
    ['a name that looks like this machine', { url: `http://localhost.example:4711/${secret}/` }],
    ['a process without name', { url: `http://127.0.0.1:4711/${secret}/`, process: '' }],
    ['a process of a long name', { url: `http://127.0.0.1:4711/${secret}/`, process: 'x y' }],
  ] as const) {
    it(`does not take ${what}`, () => {
      vi.stubEnv('REFRESH_ONCE_INSPECT', undefined)

      expect(() => pageInspector(options)).toThrow(TypeError)
      expect(() => pageInspector(options)).not.toThrow(secret)
    })
  }
})
