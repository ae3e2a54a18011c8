import { systemClock, type Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import {
  checkDescription,
  drawBehaviour,
  type ServerDescription,
} from '../../testing/authorization-server/description.ts'
import { minting } from '../../testing/authorization-server/grants.ts'
import { numbersFrom, randomFrom } from '../../testing/authorization-server/numbers.ts'
import { serve } from '../../testing/authorization-server/serve.ts'
import { serverInMemory } from '../../testing/authorization-server/server.ts'
import type { Arriving } from '../../testing/authorization-server/wire.ts'
import { presetOf } from '../../testing/presets.ts'
import {
  flag,
  helpOf,
  readArgs,
  text,
  UsageError,
  wholeNumber,
  withoutFiles,
  type Values,
} from '../args.ts'
import { orUsageError, whyUnserved, type Terminal } from '../command.ts'
import { loadDescription } from '../fuzz/load.ts'
import { CONTROL, control, tallyOf, type Stage, type Tally } from './control.ts'
import { faultLines, faultOf, type PlayedFault } from './faults.ts'
import { createSignIn, failed } from './sign-in.ts'

const OPTIONS = {
  like: text('<name>', 'a provider of docs/providers.md, or a preset. Default: rfc6749'),
  server: text('<file>', 'a description in JSON, as probe --write makes it, instead of --like'),
  port: wholeNumber({ min: 1_024, max: 65_535 }, undefined, 'the port. Default: any free port'),
  host: text('<address>', 'the address to listen at: 0.0.0.0 in a container. Default: 127.0.0.1'),
  issuer: text('<url>', 'how clients reach the server. Default: the address and the port'),
  seed: wholeNumber(
    { min: 0, max: 2 ** 31 - 1 },
    0,
    'rules the tokens, and what the description leaves open. Default: 0',
  ),
  accessTokenSeconds: wholeNumber(
    { min: 1, max: 86_400 * 365 },
    undefined,
    'lifetime of access tokens. Default: as described',
  ),
  failOnReuse: flag('ends with 1 if a refresh token was presented twice'),
} as const

export const USAGE = helpOf(
  `usage: refresh-once play [options]

Plays an authorization server on this machine, for the tests of any client in any language: sign-in
with PKCE, dynamic registration, refresh, revocation, and faults on request.
docs/testing-your-client.md shows how.`,
  OPTIONS,
  `faults, in the header Play-Fault of a refresh, or at POST ${CONTROL}/faults for the next ones:

${faultLines()}

exit codes: 0 it was stopped, 1 it could not be served, or --fail-on-reuse found a reuse,
            2 the command line cannot be used`,
)

/**
 * Serves a described authorization server until it is stopped.
 *
 * @param stopped The command ends when this resolves.
 */
export function play(
  args: readonly string[],
  terminal: Terminal,
  stopped: Promise<unknown>,
): Promise<number> {
  return orUsageError('play', terminal, async () => {
    const options = withoutFiles(readArgs(args, OPTIONS))
    const played = await startPlay(await playOptions(options)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === undefined) throw error
        terminal.error(`refresh-once play: ${whyUnserved(error)}\n`)
        return undefined
      },
    )
    if (played === undefined) return 1
    terminal.out(welcome(played))
    await stopped
    const tally = played.tally()
    await played.stop()
    terminal.out(farewell(tally))
    return options.failOnReuse && tally.presentedTwice > 0 ? 1 : 0
  })
}

async function playOptions({
  like,
  server,
  issuer,
  accessTokenSeconds,
  ...others
}: Values<typeof OPTIONS>): Promise<PlayOptions> {
  if (like !== undefined && server !== undefined) {
    throw new UsageError('--like and --server are two servers: leave one out')
  }
  if (issuer !== undefined && (!URL.canParse(issuer) || !/^https?:/.test(issuer))) {
    throw new UsageError('--issuer is an address: http://as.test:9000')
  }
  const described =
    server === undefined
      ? await presetOf(like ?? 'rfc6749').catch((error: Error) => {
          throw new UsageError(`--like: ${error.message}`)
        })
      : await loadDescription(server)
  const accessTokenMs = accessTokenSeconds && accessTokenSeconds * 1000
  return {
    ...others,
    issuer: issuer?.replace(/\/+$/, ''),
    description: { ...described, ...(accessTokenMs !== undefined && { accessTokenMs }) },
  }
}

export interface PlayOptions {
  readonly description: ServerDescription
  /** Rules the tokens, and what the description leaves open. */
  readonly seed: number
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly issuer?: string | undefined
  readonly clock?: Clock
}

/** A described server that plays. */
export interface Played {
  readonly like: string
  readonly issuer: string
  tally(): Tally
  stop(): Promise<void>
}

/** Serves a described server, with sign-in and control. */
export async function startPlay({
  description,
  seed,
  port,
  host,
  issuer,
  clock: givenClock = systemClock,
}: PlayOptions): Promise<Played> {
  let aheadMs = 0
  const clock = { ...givenClock, now: () => givenClock.now() + aheadMs }
  const { pace = { headersMs: 0, bodyMs: 0 } } = checkDescription(description)
  const { behaviour: described, drawn } = drawBehaviour(
    { ...description, pace },
    seed === 0 ? () => 0 : numbersFrom(seed),
  )
  const behaviour = { ...described }
  const random = renewable(() => randomFrom(seed))
  const now = (): number => clock.now()
  const mint = minting({ random, accessToken: behaviour.wire.accessToken, now })
  let address = issuer
  // Its own resource (RFC 8707), which its metadata names.
  const knowsAudience = (audience: string): boolean => audience === `${address}/resource`
  const server = serverInMemory({ behaviour, mint, now, knowsAudience })
  const signIn = createSignIn({ server, random, now })
  const faults: Stage['faults'] = []

  const controlled = control({
    like: description.name,
    seed,
    server,
    drawn,
    faults,
    advance: (ms) => void (aheadMs += ms),
    setReuseWindow: (reuseWindow) => void Object.assign(behaviour, { reuseWindow }),
    reset() {
      faults.length = 0
      aheadMs = 0
      Object.assign(behaviour, described)
      for (const each of [server, signIn, random]) each.reset()
    },
  })

  const { origin, stop } = await serve({
    server,
    clock,
    port,
    host,
    takeFault: (request) => askedIn(request) ?? faults.shift()?.fault,
    answer: (request, at) =>
      misnamed(request) ?? controlled(request) ?? signIn.answer(request, issuer ?? at),
  })
  address ??= origin
  return {
    like: description.name,
    issuer: address,
    tally: () => tallyOf(server),
    stop,
  }
}

/** Randomness that can begin anew. */
function renewable(make: () => Random): Random & { reset(): void } {
  let random = make()
  return {
    bytes: (length) => random.bytes(length),
    fraction: () => random.fraction(),
    reset: () => void (random = make()),
  }
}

const HEADER = 'play-fault'

/** The fault that a request asks for itself. */
function askedIn({ headers }: Arriving): PlayedFault | undefined {
  const name = headers(HEADER)
  const fault = name === undefined ? undefined : faultOf(name)
  return typeof fault === 'string' ? undefined : fault
}

/** A misspelt fault would be none, and the test that asks for it would pass. */
function misnamed({ headers }: Arriving) {
  const name = headers(HEADER)
  const fault = name === undefined ? undefined : faultOf(name)
  return typeof fault === 'string' ? failed(400, 'invalid_request', fault) : undefined
}

function welcome({ like, issuer }: Played): string {
  return `Plays ${like} at ${issuer}

  metadata   ${issuer}/.well-known/oauth-authorization-server
  sign-in    curl -X POST ${issuer}${CONTROL}/sign-in
  a fault    curl -X POST '${issuer}${CONTROL}/faults?fault=lost_answer'
  a day on   curl -X POST '${issuer}${CONTROL}/clock?advance_ms=86400000'
  the tally  curl ${issuer}${CONTROL}

Its tokens open nothing. Ctrl-C ends it.
`
}

function farewell({ presentations, presentedTwice }: Tally): string {
  return `\nPresentations: ${presentations}. Refresh tokens presented twice: ${presentedTwice}.\n`
}
