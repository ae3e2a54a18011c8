import { startOidcServer } from '../../testing/oidc-server.ts'
import { pageInspector, type LineInspector } from '../../inspect/index.ts'
import { startPageServer } from '../../inspect/server/server.ts'
import type { Terminal } from '../command.ts'
import { actOne } from './act-one.ts'
import { actTwo } from './act-two.ts'
import { optionsOf, USAGE } from './options.ts'
import { demoRefresher } from './refresher.ts'
import { timeline } from './timeline.ts'

/** Lifetime of access tokens, milliseconds: the shortest that the server can count. */
const ACCESS_TOKEN_MS = 2_000

/**
 * Plays the same requests before and after refresh-once, on a real authorization server, and counts
 * there. With `--inspect` the second act is shown on a page, until it is stopped.
 *
 * @returns 1 when an invariant does not hold, 2 for a command line that cannot be understood.
 */
export async function demo(
  arguments_: readonly string[],
  terminal: Terminal,
  stopped: () => Promise<unknown>,
): Promise<number> {
  const command = optionsOf(arguments_)
  if (command === undefined) {
    terminal.error(USAGE)
    return 2
  }
  if (!command.inspect) return play(terminal)
  const ended = stopped()
  await using page = await startPageServer()
  const { url } = page.address
  terminal.out(`\nThe page: ${url}\n`)
  const status = await play(
    terminal,
    pageInspector({ url, process: 'demo', allowInProduction: true }),
  )
  if (command.wait) {
    terminal.out(`\nLook at it: ${url}\nCtrl-C ends it.\n`)
    await ended
  }
  return status
}

async function play(terminal: Terminal, inspect?: LineInspector): Promise<number> {
  const { clock } = terminal
  await using server = await startOidcServer({ accessTokenMs: ACCESS_TOKEN_MS, clock })
  const stage = { server, clock, timeline: timeline(terminal) }
  stage.timeline.title(`oidc-provider at ${server.issuer}`)
  stage.timeline.note('rotates refresh tokens and revokes the grant on reuse (RFC 9700 §4.14.2)')
  stage.timeline.note(`access tokens live ${ACCESS_TOKEN_MS / 1000} s`)
  stage.timeline.note('refresh tokens are named by the first digits of their SHA-256')

  const verdicts = [
    ...(await actOne(stage)),
    ...(await actTwo(stage, demoRefresher(server, inspect))),
  ]

  stage.timeline.title('Counted at the server')
  for (const { holds, invariant, counted } of verdicts) {
    stage.timeline.verdict(holds, invariant, counted)
  }
  return verdicts.every(({ holds }) => holds) ? 0 : 1
}
