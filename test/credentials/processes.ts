import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { TokenSet } from '../../src/index.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Setup {
  readonly path: string
  readonly issuer?: string
  /** The call of the disk, counted from 1, at which the process kills itself. */
  readonly killAt?: number
}

export type Request =
  | { readonly type: 'token'; readonly refused?: string }
  | { readonly type: 'save'; readonly next: TokenSet }

interface Answer {
  readonly answer?: unknown
  readonly code?: string
}

export interface Process<R = Request> {
  /** Answers with what came of it. `undefined`: the process ended instead. */
  ask(request: R): Promise<Answer | undefined>
  stop(): Promise<void>
}

const bundles = new Map<string, Promise<string>>()

/** Bundles a script of this repository once, so that it starts quickly, with the oldest Node. */
export function bundled(script: string): Promise<string> {
  const made = bundles.get(script) ?? bundle(script)
  bundles.set(script, made)
  return made
}

async function bundle(script: string): Promise<string> {
  const name = script.replaceAll(/\W+/g, '-')
  const outfile = `${ROOT}.build/processes/${name}-${process.pid}.mjs`
  await build({
    entryPoints: [`${ROOT}${script}`],
    outfile,
    bundle: true,
    packages: 'external',
    alias: OWN_NAMES,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  return outfile
}

/** The examples import the package by its name: here, that is the source. */
const OWN_NAMES = {
  'refresh-once/credentials-file': `${ROOT}src/credentials/credentials-file.ts`,
  'refresh-once/mcp': `${ROOT}src/integrations/mcp.ts`,
  'refresh-once/providers/oidc': `${ROOT}providers/oidc.ts`,
  'refresh-once': `${ROOT}src/index.ts`,
}

/** Starts a process that uses a credential file. */
export const startProcess = (setup: Setup): Promise<Process> =>
  startScript<Request>('test/credentials/process.ts', setup)

/** Starts a script that obeys requests. */
export async function startScript<R extends object>(
  script: string,
  setup: object,
): Promise<Process<R>> {
  const child = fork(await bundled(script), {
    env: { ...process.env, NODE_OPTIONS: '', SETUP: JSON.stringify(setup) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => undefined)
  const answer = async (): Promise<Answer | undefined> =>
    Promise.race([once(child, 'message').then(([said]) => said as Answer), ended])
  if ((await answer()) === undefined) throw new Error('the process ended before it was ready')
  return {
    ask(request) {
      const said = answer()
      child.send(request, () => {})
      return said
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
