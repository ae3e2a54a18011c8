import { refreshDrawing } from '../diagram/refresh.drawing.ts'
import type { RefreshEvent } from '../../runtime/events.ts'
import type { ActorName, CallEndedLine, RecordedLine, StepLine } from '../recording.ts'
import type { Lane, Renewal } from './timeline.ts'

/** What happened, in one sentence without its stop. */
export function wordsOf(line: RecordedLine): string {
  switch (line.kind) {
    case 'run':
      return line.mode === 'per-call' ? 'A caller came, and its token set is due' : 'A keeper began'
    case 'joined':
      return 'Another caller wants the same, and shares the run'
    case 'step':
      return stepWords(line)
    case 'call':
      return line.phase === 'began' ? actorWords(line.actor) : answerWords(line)
    case 'event':
      return eventWords(line.event)
    case 'ended':
      return `Ended: ${line.state}${because(line.code)}, after ${duration(line.durationMs)}`
    case 'dropped':
      return `${line.lines} lines were lost on their way`
  }
}

function stepWords({ from, to, event, guard, edge }: StepLine): string {
  const { transitions, words } = refreshDrawing
  const why = guard === undefined ? event : `${event} [${guard}]`
  // A recording of another version may have a chart of its own.
  const says = transitions[edge]?.from === from ? words.transitions[edge] : undefined
  return `${from} → ${to}: ${withoutStop(says || why)}`
}

/** The chart says of the state what its actor does. */
function actorWords(actor: ActorName): string {
  const { states, words } = refreshDrawing
  const { path = '' } = states.find(({ runs }) => runs === actor) ?? {}
  return withoutStop(words.states[path] ?? actor)
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '')
}

function answerWords({ actor, says, code, status, durationMs }: CallEndedLine): string {
  const http = status === undefined ? '' : ` (HTTP ${status})`
  return `${actor} answered ${says}${because(code)}${http}, after ${duration(durationMs)}`
}

function eventWords(event: RefreshEvent): string {
  switch (event.type) {
    case 'claimed':
      return `The claim row says claimed, at generation ${event.generation}`
    case 'presented':
      return `The refresh token was presented: ${event.outcome}${because(event.code)}`
    case 'introspected':
      return `The server was asked whether the refresh token is good: ${event.says}`
    case 'served':
      return `Handed out the newest token set, of generation ${event.generation}`
    case 'reuse_detected':
      return 'A spent token came back: the chain was ended for every holder'
    case 'revoked':
      return 'The application ended the chain'
    case 'handed_over':
      return 'The ledger could not be written: the caller got the set all the same'
    case 'grant_ignored':
      return 'The set named a chain that its tokens are not part of: the name was ignored'
    case 'ledger_lost':
      return 'The ledger knows nothing of a chain that was refreshed before'
    case 'endpoint_changed':
      return `The metadata names another ${event.endpoint} than before`
    case 'tokens_revoked':
      return event.revoked ? 'Tokens of the chain were revoked' : 'Tokens could not be revoked'
    case 'expires_soon':
      return 'The refresh token expires soon, and refreshing does not put that off'
    case 'ended':
      return `The call ended: ${event.state}${because(event.reason ?? event.code)}`
    default:
      // A later version tells more.
      return (event as RefreshEvent).type
  }
}

function because(code: string | undefined): string {
  return code === undefined ? '' : `, ${code}`
}

/** 0.8 ms, 24 ms, 1.25 s. */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

/** `1 caller`, `20 callers`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`
}

/** The first signs of a fingerprint: as many as tell a few chains apart. */
export function short(fingerprint: string | undefined): string {
  return fingerprint === undefined ? 'unknown' : fingerprint.slice(0, 8)
}

/** What a colour means, everywhere on the page. */
export type Tone = 'good' | 'bad' | 'wait' | 'doubt' | 'plain'

/** How a presentation ended, and how a run did. */
const TONES: ReadonlyMap<string, Tone> = new Map([
  ['granted', 'good'],
  ['rejected', 'bad'],
  ['refused', 'bad'],
  ['deferred', 'wait'],
  ['unknown', 'doubt'],
  ['fresh', 'good'],
  ['rotated', 'good'],
  ['expiring', 'wait'],
  ['error', 'bad'],
  ['revoked', 'bad'],
])

/** Of these an error is no refusal: the token may be spent. */
const DOUBTFUL: ReadonlySet<string> = new Set(['lost', 'unknown'])

export function toneOfOutcome(outcome: string | undefined): Tone {
  return TONES.get(outcome ?? '') ?? 'plain'
}

export function toneOfLane({ state, code }: Lane): Tone {
  return DOUBTFUL.has(code ?? '') ? 'doubt' : toneOfOutcome(state)
}

/** By its presentation if there was one, else by how its runs ended. */
export function toneOfRenewal({ lanes }: Renewal): Tone {
  const presented = lanes.findLast(({ outcome }) => outcome !== undefined)
  if (presented !== undefined) return toneOfOutcome(presented.outcome)
  const last = lanes.findLast(({ state }) => state !== undefined)
  return last === undefined ? 'plain' : toneOfLane(last)
}
