import { readFile } from 'node:fs/promises'
import { ADDRESS_VARIABLE, readAddress } from '../inspect/page-inspector.ts'
import { readRecording } from '../inspect/recording.ts'
import { startPageServer, type PageServer } from '../inspect/server.ts'
import {
  flag,
  helpOf,
  readArgs,
  text,
  UsageError,
  wholeNumber,
  withoutFiles,
  type Values,
} from './args.ts'
import { orUsageError, whyUnserved, type Environment, type Terminal } from './command.ts'

/** How many lines the server keeps for pages that open later. It keeps all of a recording. */
const LINES_MAX = 20_000

const OPTIONS = {
  // Port 80 is left out of addresses, and the other ports below 1024 belong to the system.
  port: wholeNumber(
    { min: 1_024, max: 65_535 },
    undefined,
    'the port on 127.0.0.1. Default: any free port',
  ),
  open: text('<file>', 'shows a recording'),
  json: flag('prints each line that arrives: a recording, for --open'),
} as const

export const USAGE = helpOf(
  `usage: refresh-once inspect [options]

Serves a page on this machine that shows refreshes as they happen, in one process or in many:

  createRefresher({ …, inspect: pageInspector({ url }) })   // of refresh-once/inspect`,
  OPTIONS,
  `  REFRESH_ONCE_INSPECT   the address of a page that ran before. The page is served there again,
                         and processes that have the variable find it, before and after.

exit codes: 0 it was stopped, 1 it could not be served, 2 the command line cannot be used`,
)

/**
 * Serves the page.
 *
 * @param stopped The command ends when this resolves.
 */
export function inspect(
  args: readonly string[],
  terminal: Terminal,
  stopped: Promise<unknown>,
  env: Environment['env'] = process.env,
): Promise<number> {
  return orUsageError('inspect', terminal, async () => {
    const options = withoutFiles(readArgs(args, OPTIONS))
    try {
      await using server = await served(options, env, terminal)
      // With --json, standard output is a recording.
      const say = options.json ? terminal.error : terminal.out
      say(welcome(server.address.url))
      await stopped
      return 0
    } catch (error) {
      if (error instanceof UsageError) throw error
      terminal.error(`refresh-once inspect: ${whyUnserved(error)}\n`)
      return 1
    }
  })
}

async function served(
  { port, open, json }: Values<typeof OPTIONS>,
  env: Environment['env'],
  terminal: Terminal,
): Promise<PageServer> {
  const before = env[ADDRESS_VARIABLE]
  const address = before === undefined ? undefined : addressIn(before)
  const opened = open === undefined ? [] : await linesIn(open, terminal)
  const server = await startPageServer({
    port: port ?? address?.port,
    secret: address?.secret,
    linesMax: Math.max(LINES_MAX, opened.length),
    ...(json && { onLines: (texts) => terminal.out(texts.map((text) => `${text}\n`).join('')) }),
  })
  server.add(opened)
  return server
}

async function linesIn(path: string, terminal: Terminal): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError(`--open: ${path} cannot be read`)
  })
  const { lines, unreadable } = readRecording(text)
  if (lines.length === 0) throw new UsageError(`--open: ${path} is no recording`)
  if (unreadable > 0) {
    terminal.error(`refresh-once inspect: ${unreadable} lines of ${path} are not of a recording\n`)
  }
  return lines.map((line) => JSON.stringify(line))
}

function welcome(url: string): string {
  return (
    `The page: ${url}\n\n` +
    `In your application:\n\n` +
    `  import { pageInspector } from 'refresh-once/inspect'\n` +
    `  createRefresher({ …, inspect: pageInspector() })\n\n` +
    `and in its environment:\n\n` +
    `  ${ADDRESS_VARIABLE}=${url}\n\n` +
    `Anyone who has this address can see what happens. Ctrl-C ends the page.\n`
  )
}

function addressIn(text: string): ReturnType<typeof readAddress> {
  try {
    return readAddress(text)
  } catch (error) {
    throw new UsageError(`${ADDRESS_VARIABLE}: ${(error as Error).message}`)
  }
}
