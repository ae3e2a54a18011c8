import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { probe } from '../../../src/cli/probe/probe.ts'
import type { Report } from '../../../src/cli/probe/probe.ts'
import type { Environment } from '../../../src/cli/command.ts'
import { systemClock, type Clock } from '../../../src/core/clock.ts'
import { authorizationServer } from '../../../src/testing/authorization-server.ts'
import type {
  AuthorizationServer,
  ServerDescription,
} from '../../../src/testing/authorization-server.ts'
import { serving } from '../doctor/stage.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A folder of this test's own, below the repository: files in it find its packages. */
export function ownFolder(): string {
  mkdirSync(`${root}.build`, { recursive: true })
  const path = mkdtempSync(`${root}.build/probe-`)
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface Told {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

/** Real time, but for what is waited: that is over at once, for whoever has this clock. */
export interface SkippingClock extends Clock {
  skip(ms: number): Promise<void>
}

export function skippingClock(): SkippingClock {
  let skippedMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    monotonic: () => systemClock.monotonic() + skippedMs,
    async skip(ms) {
      skippedMs += ms
    },
  }
}

export interface Asked extends Partial<Environment> {
  readonly clock?: SkippingClock
  /** Called before the first word of the report is written. */
  readonly onFirstWord?: () => void
}

/** Calls the command, with nobody at the keyboard. */
export async function call(
  args: readonly string[],
  { clock = skippingClock(), onFirstWord, ...around }: Asked = {},
): Promise<Told> {
  const written = { out: '', error: '' }
  const write = (to: 'out' | 'error') => (text: string) => {
    if (to === 'out' && written.out === '') onFirstWord?.()
    written[to] += text
  }
  const terminal = { out: write('out'), error: write('error'), hasColors: false, clock }
  const nobody = { env: {}, input: async () => '', ask: async () => undefined }
  const exitCode = await probe(args, terminal, { ...nobody, ...around }, (ms) => clock.skip(ms))
  return { exitCode, ...written }
}

/** A described server, a resource server that takes its access tokens, and users. */
export interface Scene {
  readonly server: AuthorizationServer
  readonly clock: SkippingClock
  readonly api: string
  readonly folder: string
  /** Probes with so many fresh grants. */
  probe(grants: number, ...args: readonly string[]): Promise<Told>
  /** The same, for programs. */
  measure(grants: number, ...args: readonly string[]): Promise<Report>
}

/** What a scene may have else than others. */
export interface SceneOptions {
  /** What the resource server answers to a dead access token. */
  readonly deadStatus?: number
}

export async function scene(
  description: ServerDescription,
  seed = 0,
  { deadStatus = 401 }: SceneOptions = {},
): Promise<Scene> {
  const clock = skippingClock()
  const server = await authorizationServer(description, { seed, clock })
  onTestFinished(() => server.stop())
  const api = await serving((request, response) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    response.writeHead(server.use(token) ? 200 : deadStatus).end()
  })
  const folder = ownFolder()
  const ask = (grants: number, ...args: readonly string[]): Promise<Told> => {
    const tokens = Array.from({ length: grants }, () => server.signIn().refreshToken)
    const place = args[0]?.endsWith('.ts') ? [] : ['--token-endpoint', server.tokenEndpoint]
    const given = ['--client', 'app', '--tokens-env', 'TOKENS', '--api', api, '--yes']
    const env = { TOKENS: tokens.join('\n') }
    return call([...args, ...place, ...given], { clock, env })
  }
  return {
    server,
    clock,
    api,
    folder,
    probe: ask,
    async measure(grants, ...args) {
      const { out, error } = await ask(grants, ...args, '--json')
      if (out === '') throw new Error(error)
      return JSON.parse(out) as Report
    },
  }
}

/** A written file, with the packages' names put in the place where they are here. */
export function linked(path: string): string {
  const at = (file: string): string => `'${new URL(`../../../${file}`, import.meta.url).href}'`
  return readFileSync(path, 'utf8')
    .replace("'refresh-once'", at('src/index.ts'))
    .replace("'refresh-once/testing'", at('src/testing/index.ts'))
}

/** What of an answer's axes has a value. */
export function valuesOf({ found }: Report): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    found.flatMap(({ axis, value }) => (value === undefined ? [] : [[axis, value]])),
  )
}

export const beside = (folder: string, name: string): string => join(folder, name)
