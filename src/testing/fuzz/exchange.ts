import { sleep } from '../../core/clock.ts'
import { decodeBody } from '../../core/body.ts'
import type { Presentation } from '../../core/failure.ts'
import { Secret } from '../../core/secret.ts'
import { interpretResponse, validated } from '../../transport/token-response.ts'
import type { Arriving, Reply } from '../authorization-server/wire.ts'
import {
  broken,
  delivered,
  echoing,
  failure,
  otherAnswer,
  passageOf,
  slow,
  wordsOf,
} from '../authorization-server/fault.ts'
import type { NetworkFault } from '../authorization-server/fault.ts'
import type { Decision } from '../authorization-server/present.ts'
import type { Received } from '../authorization-server/server.ts'
import type { Process } from '../schedule.ts'
import { checkReading } from './description-invariants.ts'
import type { Reading } from './description-invariants.ts'
import { reuseWindowMs } from '../../core/provider.ts'
import type { Sending, SendingEnd } from '../observations.ts'
import type { Happening, World } from './observed.ts'
import type { UserCodeClock } from './user-code-clock.ts'
import type { Story } from './story.ts'

export interface ExchangeOptions {
  readonly world: World
  readonly worker: Process
  readonly token: string
  readonly request: Arriving
  readonly signal: AbortSignal | undefined
  readonly fault: NetworkFault | undefined
  readonly guard: (check: () => void) => void
  /** A process that never dies: its clock carries what is under way. */
  readonly outsider: Process
  readonly userCode: UserCodeClock
}

/** One refresh token on its way to the server, and what comes back. */
export async function exchange(options: ExchangeOptions): Promise<Response> {
  const { world, worker, token, request, fault, outsider, userCode } = options
  const { server } = world
  const isWindow = isInClaimedWindow(world, token)
  const { sending, end } = sent(options)
  const passage = passageOf(fault)
  if (passage.meets === 'refusal') {
    await worker.step('finds nobody listening')
    end('unspent')
    throw failure('ECONNREFUSED')
  }
  await worker.travel('presents')
  if (fault?.kind === 'consent_withdrawn') server.withdraw(token)
  const received = Array.from({ length: passage.arrivals }, () => receive(world, request, sending))
  if (passage.meets === 'silence') return new Promise<never>(() => {})
  const { headersMs, bodyMs } = received.length > 0 ? server.behaviour.pace : AT_ONCE
  const waitMs = (passage.delayMs ?? 0) + headersMs
  if (waitMs > 0) await sleep(outsider.clock, waitMs)
  await worker.step('is answered')
  if (passage.meets === 'reset') {
    end('unproven')
    throw failure('ECONNRESET')
  }
  const mine = passage.meets === 'last' ? received.at(-1) : received[0]
  const own = passage.meets === 'other' ? undefined : mine
  // The client cannot know of the second request that a proxy sent.
  if (own !== undefined && received.length > 1) sending.isConsumed = isSpending(own)
  const reply = own?.reply ?? echoing(otherAnswer(fault!, server.behaviour), token)
  const { cutAtByte } = passage
  if (cutAtByte !== undefined) return broken(reply, cutAtByte, () => end('unproven'))
  const whole = async (): Promise<void> => {
    if (sending.ending !== undefined) return
    hear(world, sending, own?.decision)
    end(endingOf(own?.decision, sending.isConsumed === true))
    await read(options, { reply, own, isWindow, isUnspent: !received.some(isSpending) })
  }
  if (bodyMs > 0) {
    return slow(reply, () => userCode.holds(worker, sleep(outsider.clock, bodyMs)), whole)
  }
  await whole()
  return delivered(reply)
}

const AT_ONCE = { headersMs: 0, bodyMs: 0 }

/** Notes that a token leaves, and when its holder no longer waits. */
function sent({ world, worker, token, signal, fault }: ExchangeOptions): {
  readonly sending: Sending<Process>
  readonly end: (ending: SendingEnd) => void
} {
  const { story, schedule, sendings, happened } = world
  const sending: Sending<Process> = {
    token,
    worker,
    sentAtMs: schedule.nowMs,
    isConsumed: false,
  }
  sendings.push(sending)
  story.tell(worker.name, `presents ${story.nameOf(token)}`)
  if (fault !== undefined) {
    happened.add(happeningOf(fault))
    story.tell('network', wordsOf(fault))
  }
  const end = (ending: SendingEnd): void => {
    if (sending.ending !== undefined) return
    Object.assign(sending, { ending, endedAtMs: schedule.nowMs })
  }
  signal?.addEventListener('abort', () => {
    if (sending.ending === undefined) {
      story.tell(worker.name, `gives up on ${story.nameOf(token)}`)
    }
    end('unproven')
  })
  return { sending, end }
}

/** Says what a whole answer proves to the holder of a token. */
function endingOf(decision: Decision | undefined, isConsumed: boolean): SendingEnd {
  switch (decision?.kind) {
    case 'granted':
      return decision.consumed ? 'spent' : 'kept'
    case 'dead':
      return 'dead'
    case 'refused':
    case undefined:
      return isConsumed ? 'unproven' : 'unspent'
  }
}

function hear(
  { happened }: World,
  sending: Sending<Process>,
  decision: Decision | undefined,
): void {
  if (decision?.kind === 'refused') happened.add('audience refused')
  if (decision?.kind === 'granted') sending.received = decision
}

/** Whether a token comes again as the provider says that the server accepts it. */
function isInClaimedWindow({ subject, sendings, schedule }: World, token: string): boolean {
  const { provider, requestTimeoutMs } = subject
  const first = sendings.find((each) => each.token === token)
  if (first === undefined) return false
  return schedule.nowMs - first.sentAtMs + requestTimeoutMs < reuseWindowMs(provider)
}

function happeningOf(fault: NetworkFault): Happening {
  return fault.kind === 'status' && fault.status === 429 ? 'status 429' : fault.kind
}

/** The server sees the request. */
function receive({ server, story }: World, request: Arriving, sending: Sending<Process>): Received {
  const received = server.receive(request)
  if (isSpending(received)) sending.isConsumed = true
  story.tell('server', describeAnswer(story, sending.token, received))
  return received
}

function isSpending({ decision }: Received): boolean {
  return decision.kind === 'dead' || decision.consumed
}

interface Answered {
  readonly reply: Reply
  /** The server's own answer, if it is one. */
  readonly own: Received | undefined
  readonly isWindow: boolean
  readonly isUnspent: boolean
}

/** Holds what the provider makes of an answer against what the server did. */
async function read(
  { world, worker, token, guard, fault }: ExchangeOptions,
  { reply, own, isWindow, isUnspent }: Answered,
): Promise<void> {
  const { subject, server, story } = world
  const presentation = await presentationOf(world, reply, token, worker)
  // A sign-out, or the user, may have ended the grant meanwhile.
  const isEnded = world.isSignOutBegun || world.happened.has('consent_withdrawn')
  guard(() =>
    checkReading({
      ...subject,
      behaviour: server.behaviour,
      token,
      reply,
      decision: own?.decision,
      error: errorOf(own, fault),
      code: own === undefined && fault?.kind === 'status' ? fault.error : undefined,
      isUnspent,
      isInClaimedWindow: isWindow && !isEnded,
      presentation,
      nowMs: worker.clock.now(),
      nameOf: story.nameOf,
    }),
  )
}

/** Which error of the server's wire an answer is. */
function errorOf(own: Received | undefined, fault: NetworkFault | undefined): Reading['error'] {
  if (own === undefined) return fault?.kind === 'client_refused' ? 'client' : undefined
  if (own.decision.kind === 'dead') return 'dead'
  return own.decision.kind === 'refused' ? 'target' : undefined
}

/** An answer, read as the transport reads it. */
async function presentationOf(
  { subject: { provider } }: World,
  { status, headers, body }: Reply,
  token: string,
  { clock }: Process,
): Promise<Presentation> {
  const sent = new Headers(headers as [string, string][])
  const answer = { status, headers: sent, body: decodeBody(body, true, sent.get('content-type')) }
  const nowMs = clock.now()
  const reply = await validated({ answered: true, answer }, provider, clock, 1_000)
  const presented = { refreshToken: new Secret(token), audience: {} }
  return interpretResponse(reply, { provider, presented, origin: '', nowMs })
}

/** Describes the server's answer in plain words. */
function describeAnswer(story: Story, token: string, { decision, reply }: Received): string {
  const name = story.nameOf(token)
  if (decision.kind === 'dead') {
    return `answers ${reply.status}: ${name} is ${decision.reused ? 'spent' : 'dead'}`
  }
  if (decision.kind === 'refused') {
    const kept = decision.consumed ? `, and ${name} is spent` : `, and leaves ${name} alone`
    return `answers ${reply.status} to an audience it does not know${kept}`
  }
  const { accessToken, refreshToken, consumed } = decision
  const granted = `answers ${reply.status} with ${story.nameOf(accessToken)}`
  if (!consumed) return `${granted}, and keeps ${name}${refreshToken ? ', which it repeats' : ''}`
  const brings = refreshToken === undefined ? 'no successor' : story.nameOf(refreshToken)
  return `${granted} and ${brings}: ${name} is spent`
}
