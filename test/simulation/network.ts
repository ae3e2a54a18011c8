import {
  broken,
  delivered,
  echoing,
  failure,
  otherAnswer,
  passageOf,
  wordsOf,
} from '../../src/testing/authorization-server/fault.ts'
import type { NetworkFault } from '../../src/testing/authorization-server/fault.ts'
import type { Reply } from '../../src/testing/authorization-server/wire.ts'
import { Violation } from '../../src/testing/invariants.ts'
import type { Received } from './authorization-server.ts'
import { generationOf, nameOf } from './chain.ts'
import { acknowledgedBy } from '../../src/testing/observations.ts'
import type { Sending, SendingEnd } from '../../src/testing/observations.ts'
import type { Chain } from './chain.ts'
import { checkHeard, touch } from './checks.ts'
import { REVOCATION_ENDPOINT, TOKEN_ENDPOINT } from './kinds.ts'
import { swiftly } from './swiftly.ts'
import type { Host } from './timeline.ts'
import { guard, trouble } from './world.ts'
import type { World } from './world.ts'

type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The way from a process to the server and back. */
export function fetchOf(world: World, host: Host): Fetch {
  return (url, { body, signal, redirect }) => {
    const parameters = new URLSearchParams(body as string)
    if (redirect !== 'manual') {
      guard(world, undefined, () => {
        throw new Violation('S4', 'a request follows redirects')
      })
    }
    if (url === REVOCATION_ENDPOINT) return revoke(world, host, parameters.get('token')!)
    if (url === TOKEN_ENDPOINT) {
      return present(world, host, parameters.get('refresh_token')!, signal!)
    }
    guard(world, undefined, () => {
      throw new Violation('S4', `a request is sent to ${url}`)
    })
    return Promise.reject(failure('ENOTFOUND'))
  }
}

async function revoke({ server, journal }: World, host: Host, token: string): Promise<Response> {
  await host.travel('asks to revoke')
  server.revoke(token)
  journal?.tell(server.chainOf(token), 'server', `revokes ${nameOf(token)}, as it is asked to`)
  await host.step('is told that it is revoked')
  return new Response('', { status: 200 })
}

/** One refresh token on its way to the server, and what comes back. */
async function present(
  world: World,
  host: Host,
  token: string,
  signal: AbortSignal,
): Promise<Response> {
  const { server, kind, timeline } = world
  const chain = server.chainOf(token)
  if (chain === undefined) return delivered(server.receive(token).reply)
  guard(world, chain, () => chain.judge.sent(token))
  const fault = world.weather.nextNetworkFault()
  const sending = sent(world, host, chain, token, fault)
  signal.addEventListener('abort', () => end(world, chain, sending, 'unproven'))
  const passage = passageOf(fault)
  if (passage.meets === 'refusal') {
    await host.step('finds nobody listening')
    end(world, chain, sending, 'unspent')
    throw failure('ECONNREFUSED')
  }
  await host.travel('presents')
  if (fault?.kind === 'consent_withdrawn') withdraw(world, chain)
  const received = Array.from({ length: passage.arrivals }, () => receive(world, chain, token))
  if (passage.meets === 'silence') return new Promise<never>(() => {})
  if (passage.delayMs !== undefined) await timeline.sleep(passage.delayMs)
  await host.step('is answered')
  if (passage.meets === 'reset') {
    end(world, chain, sending, 'unproven')
    throw failure('ECONNRESET')
  }
  const own = passage.meets === 'last' ? received.at(-1) : received[0]
  const ours = passage.meets === 'other' ? undefined : own
  const reply = ours?.reply ?? echoing(otherAnswer(fault!, kind.behaviour), token)
  if (passage.cutAtByte !== undefined) {
    // Whether what came is enough is for the reader to say.
    end(world, chain, sending, 'unproven')
    return broken(reply, passage.cutAtByte, () => {})
  }
  end(
    world,
    chain,
    sending,
    ours === undefined ? endingOf(reply) : heard(world, chain, sending, ours),
  )
  return fault === undefined ? swiftly(reply) : delivered(reply)
}

/** Notes that a token leaves. */
function sent(
  world: World,
  host: Host,
  chain: Chain,
  token: string,
  fault: NetworkFault | undefined,
): Sending<Host> {
  const { timeline, counts, journal } = world
  const sending: Sending<Host> = { token, worker: host, sentAtMs: timeline.nowMs }
  const before = chain.sendings.get(token)
  if (before === undefined) chain.sendings.set(token, [sending])
  else before.push(sending)
  counts.presentations += 1
  journal?.tell(chain, host.name, `presents ${nameOf(token)}`)
  if (fault !== undefined) {
    counts.faults += 1
    trouble(world, chain, { mayLose: false })
    if (fault.kind === 'duplicated') chain.causes.add('a proxy presents a token twice')
    journal?.tell(chain, 'network', wordsOf(fault))
  }
  return sending
}

/** What a holder knows of the token from now on. */
function end(world: World, chain: Chain, sending: Sending<Host>, ending: SendingEnd): void {
  if (sending.ending !== undefined) return
  sending.ending = ending
  sending.endedAtMs = world.timeline.nowMs
  if (ending === 'unproven') trouble(world, chain, { mayLose: true })
}

function receive(world: World, chain: Chain, token: string): Received {
  const received = world.server.receive(token)
  const { decision } = received
  guard(world, chain, () => checkHeard(chain, token, decision))
  const what = decision.kind === 'dead' ? 'refuses' : decision.consumed ? 'takes' : 'keeps'
  world.journal?.tell(chain, 'server', `${what} ${nameOf(token)}`)
  return received
}

/** The answer of the server itself has come to its holder. */
function heard(
  { timeline }: World,
  chain: Chain,
  sending: Sending<Host>,
  { decision }: Received,
): SendingEnd {
  if (decision.kind !== 'granted') return 'dead'
  touch(chain, timeline.nowMs)
  const generation = generationOf(chain, sending.token)
  const made = [...chain.calls, ...chain.answered]
  const own = acknowledgedBy(sending, generation, made, 'earliest')
  chain.acknowledged.earliest.push(...own)
  return decision.consumed ? 'spent' : 'kept'
}

/** What an answer of somebody else proves. */
function endingOf({ status }: Reply): SendingEnd {
  return status === 429 || status === 401 ? 'unspent' : 'unproven'
}

export function withdraw({ server, journal }: World, chain: Chain): void {
  chain.causes.add('the user withdraws consent')
  server.withdraw(chain)
  journal?.tell(chain, chain.user, 'withdraws consent')
}
