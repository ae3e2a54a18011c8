import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server of a database, as a test needs it. */
export interface Server extends AsyncDisposable {
  readonly port: number
  /** Where it keeps its data; gone after `stop`. */
  readonly directory: string
  /** SIGKILL to all of its processes, as a crash of the host's kernel would end them. */
  kill(): Promise<void>
  /** Starts it again on the same port and the same data; kills it first if it runs. */
  restart(): Promise<void>
  /** Freezes its processes: connections stay open, and nobody answers. */
  freeze(): void
  thaw(): void
  /** Ends it and takes its data away. */
  stop(): Promise<void>
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** What it prints when it takes connections. */
  readonly ready: RegExp
  /** Whom it runs as. Default: who runs the tests. */
  readonly owner?: { readonly uid?: number; readonly gid?: number } | undefined
  readonly env?: Readonly<Record<string, string>>
  /** Whether a start that failed may be tried again: what the last run left is still there. */
  isLeftover?(output: string): boolean
}

const TRIES_MAX = 50

/** Runs a program as a server of `directory`, in a process group of its own. */
export async function serve(program: Program, port: number, directory: string): Promise<Server> {
  let running = await start(program, directory)
  const server: Server = {
    port,
    directory,
    kill: () => running.end(),
    async restart() {
      await running.end()
      running = await start(program, directory)
    },
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    async stop() {
      await running.end()
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return server
}

interface Running {
  signal(signal: NodeJS.Signals): void
  end(): Promise<void>
}

async function start(program: Program, directory: string): Promise<Running> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(program, directory)
    } catch (error) {
      const output = String(error)
      if (tries === TRIES_MAX || !(program.isLeftover?.(output) ?? false)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function startOnce(
  { command, args, ready, owner = {}, env = {} }: Program,
  directory: string,
): Promise<Running> {
  const child = spawn(command, args, {
    ...owner,
    cwd: directory,
    env: { ...process.env, ...env },
    // A group of its own, so that a signal reaches all of its processes.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit').catch(() => [])
  const stopWatching = watch(child, directory)
  const output = await printed(child, ready)
  const running: Running = {
    signal: (signal) => signalAll(child.pid!, signal),
    async end() {
      if (child.exitCode === null && child.signalCode === null) running.signal('SIGKILL')
      await ended
      stopWatching()
    },
  }
  if (output === undefined) return running
  await running.end()
  throw new Error(`${command} did not start: ${output}`)
}

/** The group, and children that left it: each of PostgreSQL's has a session of its own. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  const path = `/proc/${pid}/task/${pid}/children`
  // The parent first, so that it starts no other.
  if (signal === 'SIGSTOP') process.kill(-pid, signal)
  const children = existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean) : []
  if (signal !== 'SIGSTOP') process.kill(-pid, signal)
  for (const child of children) {
    try {
      process.kill(Number(child), signal)
    } catch {
      // It ended meanwhile.
    }
  }
}

/**
 * Resolves with nothing as soon as the server says that it is ready, or with all that it said when
 * it ended instead.
 */
function printed(child: ChildProcess, ready: RegExp): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let output = ''
    const hear = (chunk: Buffer): void => {
      output = (output + String(chunk)).slice(-10_000)
      if (ready.test(output)) resolve(undefined)
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', hear)
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

/** Ends the group and takes its data away when this process ends, however it ends. */
function watch(child: ChildProcess, directory: string): () => void {
  if (child.pid === undefined) return () => {}
  const script = 'cat; kill -KILL "-$0"; rm -rf "$1"'
  const watchdog = spawn('sh', ['-c', script, String(child.pid), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.unref()
  watchdog.on('error', () => {})
  watchdog.stdin.on('error', () => {})
  return () => {
    watchdog.kill('SIGKILL')
    watchdog.stdin.destroy()
  }
}

/** A folder of this test's own. */
export function temporaryDirectory(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `refresh-once-${name}-`))
}

/** A port of 127.0.0.1 that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
