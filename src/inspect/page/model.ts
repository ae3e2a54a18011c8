import type { RefreshEvent } from '../../runtime/events.ts'
import type { CallBeganLine, CallEndedLine, RecordedLine } from '../recording.ts'
import { noCounts } from './counters.ts'
import type { Counters } from './counters.ts'
import { isSettled } from './lane.ts'
import type { Entry, Lane, Renewal } from './lane.ts'
import { rowWatch } from './rows.ts'
import { createTimeline } from './timeline.ts'

/** All that the page shows, made of lines. */
export interface Model {
  readonly counters: Counters
  readonly entries: readonly Entry[]
  /** In the order in which they began. */
  readonly renewals: readonly Renewal[]
  add(line: RecordedLine): void
}

export function createModel(): Model {
  const counters = noCounts()
  const entries: Entry[] = []
  const rows = rowWatch()
  const timeline = createTimeline(() => {
    counters.refreshes += 1
  })

  function close(lane: Lane, state: string, code: string | undefined): void {
    if (lane.state !== undefined) return
    lane.state = state
    lane.code = code
    counters.ended += 1
    if (state === 'error' || state === 'revoked') counters.failed += 1
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
      case 'replay':
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
