import type { RefreshEvent } from '../../runtime/events.ts'
import type { CallBeganLine, CallEndedLine, RecordedLine } from '../recording.ts'
import { createTimeline, isSettled } from './timeline.ts'
import type { Lane, Renewal, RowStates, TimelineEntry } from './timeline.ts'
import { ledgerDrawing } from '../diagram/ledger.drawing.ts'

/** All that the page shows, made of lines. */
export interface Model {
  readonly counters: Counters
  readonly entries: readonly TimelineEntry[]
  /** In the order in which they began. */
  readonly renewals: readonly Renewal[]
  add(line: RecordedLine): void
}

export function createModel(): Model {
  const counters = noCounts()
  const entries: TimelineEntry[] = []
  const rows = rowWatch()
  const timeline = createTimeline(() => {
    counters.refreshes += 1
  })

  function close(lane: Lane, state: string, code: string | undefined): void {
    if (lane.state !== undefined) return
    lane.state = state
    lane.code = code
    counters.ended += lane.callers
    if (state === 'error' || state === 'revoked') counters.failed += lane.callers
    if (state === 'revoked') counters.revoked += 1
  }

  function told(event: RefreshEvent, lane: Lane | undefined, renewal: Renewal | undefined): void {
    switch (event.type) {
      case 'presented':
        counters.presentations += 1
        if (event.outcome === 'unknown') counters.lost += 1
        if (renewal !== undefined) renewal.presentations += 1
        if (lane !== undefined) presented(lane, event.outcome)
        break
      case 'served':
        counters.served += 1
        if (lane !== undefined) lane.wasServed = true
        break
      case 'reuse_detected':
        counters.replays += 1
        break
      default:
        break
    }
  }

  function happen(line: RecordedLine, lane: Lane): void {
    switch (line.kind) {
      case 'joined':
        lane.callers += 1
        break
      case 'call':
        reach(lane, line)
        break
      case 'step':
        lane.at = line.to
        if (isSettled(line.to)) close(lane, outermost(line.to), line.code)
        break
      case 'ended':
        close(lane, line.state, line.code)
        break
      default:
        break
    }
  }

  return {
    counters,
    entries,
    renewals: timeline.renewals,
    add(line) {
      const { lane, renewal } = timeline.placeOf(line) ?? {}
      if (line.kind === 'event') told(line.event, lane, renewal)
      if (line.kind === 'joined') {
        counters.coalesced += 1
        counters.refreshes += 1
      }
      if (lane !== undefined) happen(line, lane)
      const before = lane?.entries.at(-1)?.rows
      const after = line.kind === 'event' ? rows.follow(line.event) : undefined
      const entry = { line, lane, at: lane?.at, rows: after ?? before }
      entries.push(entry)
      if (lane === undefined || renewal === undefined) return
      lane.entries.push(entry)
      lane.lastAtMs = Math.max(lane.lastAtMs, line.atMs)
      renewal.lastAtMs = Math.max(renewal.lastAtMs, line.atMs)
      renewal.beganAtMs = Math.min(renewal.beganAtMs, line.atMs)
      renewal.version += 1
    },
  }
}

/** An actor was called, or answered. */
function reach({ spans }: Lane, line: CallBeganLine | CallEndedLine): void {
  const { actor, call, atMs } = line
  if (line.phase === 'began') {
    spans.push({ actor, call, beganAtMs: atMs })
    return
  }
  const span = spans.findLast((each) => each.call === call)
  if (span === undefined) return
  span.endedAtMs = atMs
  span.says = line.says
}

function presented(lane: Lane, outcome: string): void {
  lane.outcome = outcome
  const span = lane.spans.findLast(({ actor }) => actor === 'present')
  if (span !== undefined) span.outcome = outcome
}

function outermost(path: string): string {
  return path.split('.')[0]!
}

/** What is counted. Kept apart from the lanes, because it outlives the lines that were let go. */
export interface Counters {
  /** Callers whose tokens were not fresh. */
  refreshes: number
  /** Refresh tokens sent to the authorization server. */
  presentations: number
  /** Callers who shared a run that was under way. */
  coalesced: number
  /** Runs that were handed a newer set, without a presentation. */
  served: number
  replays: number
  /** Presentations whose answer never came, or proves nothing. */
  lost: number
  /** Runs that found their grant dead. */
  revoked: number
  /** Refreshes that have ended, and those of them in `error` or `revoked`. */
  ended: number
  failed: number
}

function noCounts(): Counters {
  return {
    refreshes: 0,
    presentations: 0,
    coalesced: 0,
    served: 0,
    replays: 0,
    lost: 0,
    revoked: 0,
    ended: 0,
    failed: 0,
  }
}

/** Of the refreshes that have ended, as each caller is one. Absent: none has. */
export function failureRate({ ended, failed }: Counters): number | undefined {
  return ended === 0 ? undefined : failed / ended
}

/** Follows the rows by what refreshers tell. */
export interface RowWatch {
  /** Where the rows of a token and of its chain stand after an event, if it is about them. */
  follow(event: RefreshEvent): RowStates | undefined
}

/** What an event does to the claim row and to the grant row. */
interface RowChange {
  readonly claim?: 'claim' | 'open'
  readonly grant?: 'settle' | 'end'
}

function rowWatch(): RowWatch {
  const states = new Map<string, string>()
  return {
    follow(event) {
      if (!('grant' in event)) return undefined
      const steps = stepsOf(event)
      const isLater = 'generation' in event && event.generation > 0
      const names = {
        claim: `claim ${event.token}`,
        grant: `grant ${event.grant}`,
      }
      const before = {
        claim: states.get(names.claim) ?? 'claim.absent',
        grant: states.get(names.grant) ?? (isLater ? 'grant.live' : 'grant.absent'),
      }
      const claim = stepFrom(before.claim, steps.claim)
      const grant = stepFrom(before.grant, steps.grant)
      states.set(names.claim, claim.to)
      states.set(names.grant, grant.to)
      return { claim: claim.to, grant: grant.to, taken: [...claim.taken, ...grant.taken] }
    },
  }
}

function stepsOf(event: RefreshEvent): RowChange {
  switch (event.type) {
    case 'claimed':
      return { claim: 'claim' }
    case 'reuse_detected':
    case 'revoked':
      return { grant: 'end' }
    case 'presented':
      if (event.outcome === 'granted') {
        return event.isSpent ? { grant: 'settle' } : { grant: 'settle', claim: 'open' }
      }
      if (event.outcome === 'rejected') return { grant: 'end' }
      return event.isSpent ? {} : { claim: 'open' }
    default:
      return {}
  }
}

function stepFrom(from: string, step: string | undefined): { to: string; taken: number[] } {
  const index = ledgerDrawing.transitions.findIndex(
    (transition) => transition.from === from && transition.event === step,
  )
  const found = ledgerDrawing.transitions[index]
  return found === undefined ? { to: from, taken: [] } : { to: found.target, taken: [index] }
}
