import { sleep, SLEPT_MS } from '../core/clock.ts'
import type { Clock, HostMoment } from '../core/clock.ts'
import { send } from './send.ts'
import type { FetchOnce, Sender } from './send.ts'

export const momentOf = (clock: Clock): HostMoment => ({
  wallMs: clock.now(),
  monotonicMs: clock.monotonic(),
})

/** What the question may take in all, and one try of it. A third of the request's time at most. */
const CALM_MS = 5_000
const TRY_MS = 1_500
const AGAIN_MS = 250

/** When each origin answered last, for all transports of a clock: of a process. */
const answers = new WeakMap<Clock, Map<string, HostMoment>>()
const ORIGINS_MAX = 1_000

function answersOf(clock: Clock): Map<string, HostMoment> {
  const known = answers.get(clock) ?? new Map<string, HostMoment>()
  answers.set(clock, known)
  return known
}

/** A `fetch` that notes when an origin answered. */
export function noting(fetch: FetchOnce, clock: Clock): FetchOnce {
  const known = answersOf(clock)
  return async (url, init) => {
    const answer = await fetch(url, init)
    const { origin } = new URL(url)
    known.delete(origin)
    known.set(origin, momentOf(clock))
    // The origin that was silent for longest comes first.
    if (known.size > ORIGINS_MAX) known.delete(known.keys().next().value!)
    return answer
  }
}

/** Whether an origin was silent for so long, or the host slept since it answered. */
function isSilent(last: HostMoment, now: HostMoment, idleMs: number): boolean {
  const wallMs = now.wallMs - last.wallMs
  const monotonicMs = now.monotonicMs - last.monotonicMs
  return Math.max(wallMs, monotonicMs) > idleMs || wallMs - monotonicMs > SLEPT_MS
}

const questions = new WeakMap<Clock, Map<string, Promise<Calm>>>()

/** `unconnected`: there is no way to the origin, so nothing must be sent to it now. */
export type Calm = 'calm' | 'unconnected'

/**
 * Lets a path that was silent prove itself before a token is sent on it: after a sleep a network is
 * often there and breaks again, and a token that is sent into that is lost.
 *
 * A `HEAD` of the origin's root: it takes the same way (name, route, proxy, TLS) as the token, and
 * means nothing to any server, where a token endpoint or a sign-in page may count it. It has no
 * token and no credentials, and its answer is not looked at. On a path that answered lately nothing
 * is sent. All that find a path silent at once share the question.
 *
 * @param since When the application began: there was no answer before.
 * @param timeoutMs The time of a whole request.
 */
export function calm(
  { origin }: URL,
  sender: Sender,
  since: HostMoment,
  idleMs: number,
  timeoutMs: number,
): Promise<Calm> {
  const { clock } = sender
  const last = answersOf(clock).get(origin) ?? since
  if (idleMs === Infinity || !isSilent(last, momentOf(clock), idleMs)) {
    return Promise.resolve('calm')
  }
  const asked = questions.get(clock) ?? new Map<string, Promise<Calm>>()
  questions.set(clock, asked)
  const running = asked.get(origin)
  if (running !== undefined) return running
  const question = ask(origin, sender, Math.min(CALM_MS, timeoutMs / 3)).finally(() =>
    asked.delete(origin),
  )
  asked.set(origin, question)
  return question
}

/** Asks until there is an answer, or proof that there is no way, or the time is over. */
async function ask(origin: string, sender: Sender, boundMs: number): Promise<Calm> {
  const { clock } = sender
  const endsAt = clock.monotonic() + boundMs
  for (let leftMs = boundMs; leftMs > 0; leftMs = endsAt - clock.monotonic()) {
    const request = { url: `${origin}/`, method: 'HEAD', headers: {} }
    const reply = await send(request, sender, Math.min(TRY_MS, leftMs))
    if (reply.answered) return 'calm'
    if (reply.unsent) return 'unconnected'
    await sleep(clock, Math.min(AGAIN_MS, Math.max(0, endsAt - clock.monotonic())))
  }
  // Some servers answer no such request, and must get their tokens all the same.
  return 'calm'
}
