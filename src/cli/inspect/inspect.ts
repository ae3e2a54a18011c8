import { readFile } from 'node:fs/promises'
import { ADDRESS_VARIABLE } from '../../inspect/address.ts'
import { readRecording } from '../../inspect/recording.ts'
import { startPageServer } from '../../inspect/server/server.ts'
import type { PageServer } from '../../inspect/server/server.ts'
import type { Terminal } from '../command.ts'
import { Misused } from '../misused.ts'
import { optionsOf } from './options.ts'
import type { InspectCommand } from './options.ts'

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
