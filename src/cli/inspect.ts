import { readFile } from 'node:fs/promises'
import { ADDRESS_VARIABLE, readAddress } from '../inspect/page-inspector.ts'
import { readRecording } from '../inspect/recording.ts'
import { startPageServer } from '../inspect/server/server.ts'
import type { PageServer } from '../inspect/server/server.ts'
import type { Terminal } from './command.ts'
import { Misused } from './command.ts'
import { parseArgs } from 'node:util'

/** Lines that are kept for pages that come later. A recording that is opened is kept whole. */
const LINES_MAX = 20_000

/**
 * Serves the page.
 *
 * @param stopped Until when.
 */
export async function inspect(
  arguments_: readonly string[],
  terminal: Terminal,
  stopped: Promise<unknown>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  try {
    const command = optionsOf(arguments_, env)
    await using server = await served(command, terminal)
    // What is printed on standard output is a recording then.
    const say = command.json ? terminal.error : terminal.out
    say(welcome(server.address.url))
    await stopped
    return 0
  } catch (error) {
    const misused = error instanceof Misused
    terminal.error(`refresh-once inspect: ${misused ? error.message : reasonOf(error)}\n`)
    return misused ? 2 : 1
  }
}

async function served(command: InspectCommand, terminal: Terminal): Promise<PageServer> {
  const opened = command.open === undefined ? [] : await linesIn(command.open, terminal)
  const { port, secret, json } = command
  const server = await startPageServer({
    port,
    secret,
    linesMax: Math.max(LINES_MAX, opened.length),
    ...(json && { onLines: (texts) => terminal.out(texts.map((text) => `${text}\n`).join('')) }),
  })
  server.add(opened)
  return server
}

async function linesIn(path: string, terminal: Terminal): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Misused(`--open: ${path} cannot be read`)
  })
  const { lines, unreadable } = readRecording(text)
  if (lines.length === 0) throw new Misused(`--open: ${path} is no recording`)
  if (unreadable > 0) {
    terminal.error(`refresh-once inspect: ${unreadable} lines of ${path} are none of a recording\n`)
  }
  return lines.map((line) => JSON.stringify(line))
}

function welcome(url: string): string {
  return (
    `The page: ${url}\n\n` +
    `In your application:\n\n` +
    `  import { pageInspector } from 'refresh-once/inspect'\n` +
    `  createRefresher({ …, inspect: pageInspector() })\n\n` +
    `and in the environment of it:\n\n` +
    `  ${ADDRESS_VARIABLE}=${url}\n\n` +
    `Who has this address can see what happens. Ctrl-C ends it.\n`
  )
}

/** Of an error of the system the code says enough. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'EADDRINUSE' ? 'the port is taken: write another one, or none' : (code ?? message)
}

/** What the command line asks for. */
export interface InspectCommand {
  /** Absent: the system chooses one. */
  readonly port?: number
  /** That of a page that was there before. */
  readonly secret?: string
  /** The file of a recording. */
  readonly open?: string
  readonly json: boolean
}

export const USAGE = `usage: refresh-once inspect [options]

Serves a page on this machine that shows refreshes as they happen, in one process or in many:

  createRefresher({ …, inspect: pageInspector({ url }) })   // of refresh-once/inspect

  --port N      where it listens, on 127.0.0.1 only; any port that is free if nothing is said
  --open FILE   shows a recording
  --json        prints the lines that come, one a line: a recording, for --open

  REFRESH_ONCE_INSPECT   the address of a page that ran before. It is served there again, and
                         processes that have the variable find it, before and after.

exit codes: 0 it was stopped, 1 it could not be served, 2 the command cannot be understood
`

/** @throws {Misused} */
export function optionsOf(
  arguments_: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): InspectCommand {
  const { port, open, json } = parsed(arguments_)
  const before = env[ADDRESS_VARIABLE]
  const again = before === undefined ? undefined : addressIn(before)
  const wanted = port === undefined ? again?.port : portOf(port)
  return {
    json,
    ...(wanted !== undefined && { port: wanted }),
    ...(again !== undefined && { secret: again.secret }),
    ...(open !== undefined && { open }),
  }
}

function parsed(arguments_: readonly string[]) {
  const options = {
    port: { type: 'string' },
    open: { type: 'string' },
    json: { type: 'boolean', default: false },
  } as const
  try {
    return parseArgs({ args: [...arguments_], options }).values
  } catch (error) {
    throw new Misused((error as Error).message)
  }
}

function addressIn(text: string): ReturnType<typeof readAddress> {
  try {
    return readAddress(text)
  } catch (error) {
    throw new Misused(`${ADDRESS_VARIABLE}: ${(error as Error).message}`)
  }
}

function portOf(text: string): number {
  const port = Number(text)
  // Port 80 stands in no address, and the others below are the system's.
  if (/^\d+$/.test(text) && port >= 1_024 && port <= 65_535) return port
  throw new Misused(`--port is a number from 1024 to 65535, not '${text}'`)
}
