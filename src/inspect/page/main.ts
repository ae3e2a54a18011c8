import { ledgerDrawing } from '../diagram/ledger.drawing.ts'
import { refreshDrawing } from '../diagram/refresh.drawing.ts'
import type { RecordedLine } from '../recording.ts'
import { createChart, createDetails } from './selected.ts'
import { byId, say } from './dom.ts'
import { createHistory, createPlayer, exportRecording, onRecording, openFeed } from './history.ts'
import type { Feed, FeedState } from './history.ts'
import type { TimelineEntry, Lane } from './timeline.ts'
import { createRenewals, matches } from './renewals.ts'
import { count, wordsOf } from './words.ts'
import { failureRate } from './model.ts'
import type { Counters } from './model.ts'

/** Lines that wait while the page is paused, at most: then it goes on taking them in. */
const WAITING_MAX = 20_000

const history = createHistory()
const still = matchMedia('(prefers-reduced-motion: reduce)')
const narrow = matchMedia('(max-width: 640px)')
const player = createPlayer(() => still.matches)
const chart = createChart(byId('chart'), refreshDrawing, 'The statechart of a refresh')
const rows = createChart(byId('rows'), ledgerDrawing, 'The rows of the ledger')
const renewals = createRenewals(selectLane, draw)
const details = createDetails(select)

/** What has come and is not shown yet. */
let waiting: RecordedLine[] = []
/** Counted from the first line ever, so that it stays when old ones are let go; -1: none. */
let at = -1
let isPaused = false
let feed: Feed | undefined
let isAsked = false

const selected = (): TimelineEntry | undefined => history.model.entries[at - history.letGo]

/** Draws before the browser does, however often it is asked for. */
function draw(): void {
  if (isAsked) return
  isAsked = true
  requestAnimationFrame((nowMs) => {
    isAsked = false
    frame(nowMs)
  })
}

function frame(nowMs: number): void {
  if (!isPaused) takeIn(nowMs)
  const entry = selected()
  renewals.show(history.model.renewals, entry)
  showTally(history.model.counters)
  showEntry(entry)
  showStanding()
  if (!isPaused && at < lastIndex()) draw()
}

function takeIn(nowMs: number): void {
  history.add(waiting)
  waiting = []
  at = Math.max(at, history.letGo - 1)
  at = history.letGo + player.next(history.model.entries, at - history.letGo, nowMs)
}

const lastIndex = (): number => history.letGo + history.model.entries.length - 1

function showEntry(entry: TimelineEntry | undefined): void {
  const before = entry?.lane?.entries.slice(0, entry.lane.entries.indexOf(entry) + 1) ?? []
  const edges = before.flatMap(({ line }) => (line.kind === 'step' ? [line.edge] : []))
  const state = entry?.at ?? (entry === undefined ? undefined : 'fresh.judging')
  const active = state === undefined ? [] : [state]
  // On a phone the chart stays at its start until a line is chosen.
  chart.show({ active, taken: edges.slice(-1), trail: edges }, isPaused || !narrow.matches)
  const { claim = 'claim.absent', grant = 'grant.absent', taken = [] } = entry?.rows ?? {}
  rows.show({ active: [claim, grant], taken, trail: [] }, true)
  details.show(entry)
  say(byId('now'), entry === undefined ? 'Nothing has happened yet.' : `${wordsOf(entry.line)}.`)
}

function showStanding(): void {
  const isBehind = isPaused && waiting.length > 0
  say(byId('pause'), isPaused ? 'Resume' : 'Pause')
  say(byId('paused'), isPaused ? 'Paused' : '')
  say(byId('waiting'), isBehind ? `${count(waiting.length, 'line')} waiting` : '')
  const lost = history.missing === 0 ? '' : `${count(history.missing, 'line')} never came. `
  const old = history.letGo === 0 ? '' : `The oldest ${count(history.letGo, 'line')} were let go.`
  say(byId('gaps'), lost + old)
  byId('back', HTMLButtonElement).disabled = stepFrom(-1) === undefined
  byId('forward', HTMLButtonElement).disabled = stepFrom(1) === undefined
}

function take(line: RecordedLine): void {
  waiting.push(line)
  // A page in the background draws nothing, and a paused one takes nothing in.
  if (waiting.length > WAITING_MAX) {
    history.add(waiting)
    waiting = []
  }
  draw()
}

function pause(paused: boolean): void {
  isPaused = paused
  draw()
}

function select(entry: TimelineEntry): void {
  isPaused = true
  at = history.letGo + history.model.entries.indexOf(entry)
  draw()
}

function selectLane({ entries }: Lane): void {
  const last = entries.findLast(({ line }) => line.kind === 'step') ?? entries.at(-1)
  if (last !== undefined) select(last)
}

/** The next line before or after the selected one, of those that are looked for. */
function stepFrom(direction: 1 | -1): TimelineEntry | undefined {
  const { entries, renewals: all } = history.model
  const { filter } = renewals
  const isOpen = filter.grant === '' && filter.outcome === ''
  const lanes = isOpen
    ? undefined
    : new Set(all.filter((each) => matches(each, filter)).flatMap((each) => each.lanes))
  for (let index = at - history.letGo + direction; ; index += direction) {
    const entry = entries[index]
    if (entry === undefined) return undefined
    if (lanes === undefined || (entry.lane !== undefined && lanes.has(entry.lane))) return entry
  }
}

function step(direction: 1 | -1): void {
  const entry = stepFrom(direction)
  if (entry === undefined) return
  select(entry)
  say(byId('spoken'), `${wordsOf(entry.line)}.`)
}

function goLive(): void {
  start()
  say(byId('source'), '')
  byId('live').hidden = true
  feed = openFeed(take, showFeed)
}

/** From a file: the feed is left, and nothing of what it brought stays. */
function open(name: string, lines: readonly RecordedLine[]): void {
  start()
  say(byId('source'), `${name}, ${count(lines.length, 'line')}`)
  showFeed('file')
  byId('live').hidden = false
  waiting = [...lines]
}

function start(): void {
  feed?.close()
  feed = undefined
  history.clear()
  waiting = []
  at = -1
  pause(false)
}

const FEED_SAYS: Readonly<Record<FeedState | 'file', string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Refused: open the address that the command printed last',
  file: 'Recording',
}

function showFeed(state: FeedState | 'file'): void {
  byId('feed').dataset['state'] = state
  say(byId('feed'), FEED_SAYS[state])
}

byId('pause').addEventListener('click', () => pause(!isPaused))
byId('back').addEventListener('click', () => step(-1))
byId('forward').addEventListener('click', () => step(1))
byId('live').addEventListener('click', goLive)
byId('whole').addEventListener('click', () => {
  const isWhole = byId('chart').classList.toggle('whole')
  byId('whole').setAttribute('aria-pressed', String(isWhole))
})
byId('export').addEventListener('click', () => {
  exportRecording(history.model.entries.map(({ line }) => line))
})
onRecording(open, (message) => say(byId('said'), message))
document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.matches('input, select')
  if (isTyping || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  if (event.key === 'ArrowLeft') step(-1)
  else if (event.key === 'ArrowRight') step(1)
  else if (event.key === 'Escape') pause(false)
  else return
  event.preventDefault()
})
goLive()

const SHOWN = [
  'refreshes',
  'presentations',
  'coalesced',
  'served',
  'replays',
  'lost',
  'revoked',
] as const satisfies readonly (keyof Counters)[]

/** Writes the counters into the page. */
export function showTally(counters: Counters): void {
  for (const name of SHOWN) say(byId(`count-${name}`), counters[name].toLocaleString('en'))
  const rate = failureRate(counters)
  say(
    byId('count-failures'),
    rate === undefined ? '–' : `${(rate * 100).toFixed(rate > 0 ? 1 : 0)} %`,
  )
}
