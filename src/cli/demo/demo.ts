import { createRefresher } from '../../index.ts'
import { pageInspector, type LineInspector } from '../../inspect/index.ts'
import { startPageServer } from '../../inspect/server.ts'
import { memoryStore } from '../../stores/memory.ts'
import { flag, helpOf, readArgs, withoutFiles } from '../args.ts'
import { orUsageError, type Terminal } from '../command.ts'
import { actOne, actTwo, type Refreshing } from './acts.ts'
import { startDemoServer, type DemoServer } from './server.ts'
import { timeline } from './stage.ts'

/** Lifetime of access tokens in milliseconds: the shortest that oidc-provider can count. */
const ACCESS_TOKEN_MS = 2_000

/** The promises of docs/design.md, as the verdicts name them. */
const PROMISES = [
  'P1  A refresh token is presented by one caller at a time.',
  'P2  A token that may be spent is not presented again, unless the server allows it.',
  'P3  New tokens that arrive are not lost: later callers get them.',
  'P4  An old cookie gets the newest tokens, and costs no request.',
  'P5  No grant ends without a cause: the server, a stolen copy, or a sign-out.',
]

const OPTIONS = {
  inspect: flag('shows the second act on a page, and serves the page until Ctrl-C'),
  noWait: flag('ends with the second act'),
} as const

export const USAGE = helpOf(
  `usage: refresh-once demo [options]

Plays the same requests without and with refresh-once, against an authorization server on this
machine: oidc-provider if it is installed, else a described server.`,
  OPTIONS,
  'exit codes: 0 every invariant holds, 1 one does not, 2 the command line cannot be used',
)

/**
 * Plays the same requests without and with refresh-once, and counts at the server.
 *
 * @param interrupted With `--inspect`, the page is served until this resolves.
 */
export function demo(
  args: readonly string[],
  terminal: Terminal,
  interrupted: () => Promise<unknown>,
): Promise<number> {
  return orUsageError('demo', terminal, async () => {
    const { inspect, noWait } = withoutFiles(readArgs(args, OPTIONS))
    if (!inspect) return play(terminal)
    const ended = interrupted()
    await using page = await startPageServer()
    const { url } = page.address
    terminal.out(`\nThe page: ${url}\n`)
    const status = await play(
      terminal,
      pageInspector({ url, process: 'demo', allowInProduction: true }),
    )
    if (!noWait) {
      terminal.out(`\nLook at it: ${url}\nCtrl-C ends it.\n`)
      await ended
    }
    return status
  })
}

async function play(terminal: Terminal, inspect?: LineInspector): Promise<number> {
  const { clock } = terminal
  await using server = await startDemoServer({ accessTokenMs: ACCESS_TOKEN_MS, clock })
  const stage = { server, clock, timeline: timeline(terminal) }
  stage.timeline.title(`${server.name} at ${new URL(server.tokenEndpoint).origin}`)
  stage.timeline.note('rotates refresh tokens and revokes the grant on reuse (RFC 9700 §4.14.2)')
  stage.timeline.note(`access tokens live ${ACCESS_TOKEN_MS / 1000} s`)
  stage.timeline.note('refresh tokens are named by the first digits of their SHA-256')

  const verdicts = [
    ...(await actOne(stage)),
    ...(await actTwo(stage, demoRefresher(server, inspect))),
  ]

  stage.timeline.title('Counted at the server')
  for (const verdict of verdicts) stage.timeline.verdict(verdict)
  stage.timeline.title('What refresh-once promises')
  for (const line of PROMISES) stage.timeline.note(line)
  return verdicts.every(({ holds }) => holds) ? 0 : 1
}

/** A refresher as in the README. Its times fit a demo: a token counts as lost after `claimMs`. */
function demoRefresher({ provider, clientId }: DemoServer, inspect?: LineInspector): Refreshing {
  return createRefresher({
    provider,
    client: { id: clientId },
    ledger: { store: memoryStore({ name: 'demo' }) },
    timeouts: { requestMs: 1_000, claimMs: 2_500 },
    // The timeline tells what happens: the library's own lines would stand in its middle.
    onEvent: () => {},
    ...(inspect && { inspect }),
  })
}
