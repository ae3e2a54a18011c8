import { startOidcServer } from '../../testing/oidc-server.ts'
import { pageInspector, type LineInspector } from '../../inspect/index.ts'
import { startPageServer } from '../../inspect/server/server.ts'
import type { Terminal } from '../command.ts'
import { actOne, actTwo } from './acts.ts'
import { parseArgs, styleText } from 'node:util'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher } from '../../index.ts'
import { memoryStore } from '../../stores/memory.ts'
import type { OidcServer } from '../../testing/oidc-server.ts'
import type { Refreshing } from './acts.ts'
import { sleep, type Clock } from '../../core/clock.ts'

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

export const USAGE = `usage: refresh-once demo [options]

Plays the same requests before and after refresh-once, on a real authorization server.

  --inspect   shows the second act on a page, and goes on serving it until Ctrl-C
  --no-wait   ends with the play

exit codes: 0 every invariant holds, 1 one does not, 2 the command cannot be understood
`

/** What the command line asks for. `undefined`: nobody knows. */
export function optionsOf(
  arguments_: readonly string[],
): { readonly inspect: boolean; readonly wait: boolean } | undefined {
  const options = {
    inspect: { type: 'boolean', default: false },
    'no-wait': { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...arguments_], options })
    return { inspect: values.inspect, wait: !values['no-wait'] }
  } catch {
    return undefined
  }
}

/** As in the README; only the times fit a demo: a token counts as lost after `claimMs`. */
export function demoRefresher(
  { issuer, clients }: OidcServer,
  inspect?: LineInspector,
): Refreshing {
  return createRefresher({
    provider: oidc({ issuer }),
    client: clients.public,
    store: memoryStore({ name: 'demo' }),
    requestTimeoutMs: 1_000,
    claimMs: 2_500,
    ...(inspect && { inspect }),
  })
}

/** How many requests come at once: 20 tabs, or one page with its parts. */
export const REQUESTS = 20

/** What every act plays on. */
export interface Stage {
  readonly server: OidcServer
  readonly timeline: Timeline
  readonly clock: Clock
}

/** A claim of the demo, and whether what the server counted bears it out. */
export interface Verdict {
  readonly holds: boolean
  readonly invariant: string
  readonly counted: string
}

/** Waits until a time of the wall clock has passed for certain. */
export function until({ clock }: Stage, atMs: number): Promise<void> {
  const marginMs = 25
  return sleep(clock, Math.max(0, atMs - clock.now()) + marginMs)
}

/** Calls it once for each of the requests, all at the same time. */
export function together<T>(request: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: REQUESTS }, (_, index) => request(index)))
}

export function refusals(refused: Readonly<Record<string, number>>): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0)
}

type Tone = 'plain' | 'good' | 'bad'

/** What happens, line by line, with the milliseconds since the start. */
export interface Timeline {
  title(text: string): void
  /** A line of plain text under a title. */
  note(text: string): void
  /** One event: who, and what they did or met. */
  event(who: string, what: string, tone?: Tone): void
  /** One invariant and what was counted. */
  verdict(holds: boolean, invariant: string, counted: string): void
}

const WHO_WIDTH = 10
const INVARIANT_WIDTH = 57

export function timeline({ out, hasColors, clock }: Terminal): Timeline {
  const startMs = clock.monotonic()
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    hasColors ? styleText(format, text) : text
  const toned = (tone: Tone, text: string): string =>
    tone === 'plain' ? text : style(tone === 'good' ? 'green' : 'red', text)

  return {
    title(text) {
      out(`\n${style('bold', text)}\n`)
    },
    note(text) {
      out(`  ${style('dim', text)}\n`)
    },
    event(who, what, tone = 'plain') {
      const at = `+${Math.round(clock.monotonic() - startMs)} ms`.padStart(10)
      const actor = style('cyan', who.padEnd(WHO_WIDTH))
      out(`${style('dim', at)}  ${actor} ${toned(tone, what)}\n`)
    },
    verdict(holds, invariant, counted) {
      const mark = holds ? style('green', '✓') : style('red', '✗')
      out(
        `${mark} ${invariant.padEnd(INVARIANT_WIDTH)} ${toned(holds ? 'plain' : 'bad', counted)}\n`,
      )
    },
  }
}
