import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import type { ErrorCode, OutcomeState, RefreshOptions, TokenSet } from '../../src/index.ts'
import { node24 } from '../servers/node24.ts'
import type { Answer, Arming, Command, MemberSetup, Step } from './member-setup.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = `${ROOT}.build/processes/`

/** How a call ended in another process: errors travel as their codes. */
export interface MemberOutcome {
  readonly state: OutcomeState
  readonly tokens: TokenSet
  readonly accessToken?: string
  readonly changed: boolean
  readonly usable: boolean
  readonly needsSignIn: boolean
  readonly code?: ErrorCode
  readonly store?: string
}

/** One process with a refresher of its own. */
export interface Member {
  refresh(tokens: TokenSet, asked?: RefreshOptions): Promise<MemberOutcome>
  revoke(tokens: TokenSet): Promise<{ ended: boolean; revoked: boolean; code?: ErrorCode }>
  /** Lets it end or freeze itself at a step, counted from now. */
  arm(arming: Arming): Promise<void>
  /** The steps that it took since it was armed, or since it began. */
  steps(): readonly Step[]
  /** Resolves when it has ended; what it was asked then never answers. */
  readonly ended: Promise<unknown>
  /** Resolves when it froze. */
  frozen(): Promise<void>
  /** Freezes it where it is. */
  freeze(): void
  /** Wakes it from a freeze; its wall clock has gone on by so much more. */
  wake(sleptMs?: number): void
  stop(): Promise<void>
}

const bundles = new Map<number | undefined, Promise<string>>()
let members = 0

/** Bundled once a run: starting from one file takes a third of the time. */
function bundleOf(format: number | undefined): Promise<string> {
  const made = bundles.get(format) ?? bundle(format)
  bundles.set(format, made)
  return made
}

async function bundle(format: number | undefined): Promise<string> {
  const outfile = `${FOLDER}member-${process.pid}-${format ?? 'shipped'}.mjs`
  await build({
    entryPoints: [`${ROOT}test/processes/member.ts`],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: format === undefined ? [] : [release(format)],
  })
  return outfile
}

/** A release whose sealed values have another format. */
const release = (format: number): Plugin => ({
  name: 'release',
  setup(building) {
    building.onLoad({ filter: /ledger\/sealer\.ts$/ }, ({ path }) => {
      const shipped = readFileSync(path, 'utf8')
      const contents = shipped.replace(
        /export const FORMAT = 1\b/,
        `export const FORMAT = ${format}`,
      )
      if (contents === shipped) throw new Error('the sealer names its format in another way')
      return { contents, loader: 'ts' }
    })
  },
})

/** Starts a process. */
export async function startMember(setup: Omit<MemberSetup, 'trace'>): Promise<Member> {
  mkdirSync(FOLDER, { recursive: true })
  const file = await bundleOf(setup.format)
  const trace = `${FOLDER}trace-${process.pid}-${(members += 1)}`
  writeFileSync(trace, '')
  const child = fork(file, {
    // Node 20 has no SQLite.
    ...(setup.store.kind === 'sqlite' && { execPath: await node24() }),
    env: { ...process.env, NODE_OPTIONS: '', MEMBER: JSON.stringify({ ...setup, trace }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const answers = listen(child)
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  const isReady = await Promise.race([answers.of(0), ended.then(() => false)])
  if (isReady === false) throw new Error('the process ended before it was ready')

  let ids = 0
  let stepsBefore = 0
  const told = (): string[] => readFileSync(trace, 'utf8').split('\n').slice(0, -1)
  function ask<R>(command: DistributiveOmit<Command, 'id'>): Promise<R> {
    if (!child.connected) throw new Error('the process has ended')
    const id = (ids += 1)
    const answer = answers.of(id)
    // One that ends meanwhile does not answer.
    child.send({ id, ...command }, () => {})
    return answer as Promise<R>
  }

  return {
    refresh: (tokens, asked = {}) => ask({ refresh: tokens, asked }),
    revoke: (tokens) => ask({ revoke: tokens }),
    async arm(arming) {
      stepsBefore = told().length
      await ask({ arm: arming })
    },
    steps: () => told().slice(stepsBefore) as Step[],
    ended,
    async frozen() {
      const stat = `/proc/${child.pid}/stat`
      while (!/\) T /.test(readFileSync(stat, 'utf8'))) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    freeze: () => void child.kill('SIGSTOP'),
    wake(sleptMs) {
      if (sleptMs !== undefined) void ask({ sleptMs })
      child.kill('SIGCONT')
    },
    stop,
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function listen(child: ChildProcess): { of(id: number): Promise<unknown> } {
  const waiting = new Map<number, (result: unknown) => void>()
  const early = new Map<number, unknown>()
  child.on('message', ({ id, result }: Answer) => {
    const resolve = waiting.get(id)
    if (resolve === undefined) early.set(id, result)
    else resolve(result)
  })
  return {
    of: (id) =>
      new Promise((resolve) => {
        if (early.has(id)) resolve(early.get(id))
        else waiting.set(id, resolve)
      }),
  }
}
