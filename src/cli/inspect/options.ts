import { parseArgs } from 'node:util'
import { ADDRESS_VARIABLE, readAddress } from '../../inspect/address.ts'
import { Misused } from '../misused.ts'

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
