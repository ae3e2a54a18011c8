import { byId, el, say } from './dom.ts'
import type { TimelineEntry, Lane, Renewal, Span } from './timeline.ts'
import { count, duration, short, toneOfLane, toneOfOutcome, toneOfRenewal } from './words.ts'
import { callersOf, processesOf } from './timeline.ts'

/** Renewals on the page at once: what bounds its size, however many there are. */
const SHOWN_MAX = 20

/** Which renewals are shown. */
export interface Filter {
  /** Beginning of a fingerprint, or `''`. */
  readonly grant: string
  /** `''`, a state in which a run ended, or `running`. */
  readonly outcome: string
}

export interface Renewals {
  readonly filter: Filter
  show(renewals: readonly Renewal[], selected: TimelineEntry | undefined): void
}

/** The list of renewals, newest first, a page at a time. */
export function createRenewals(onSelect: (lane: Lane) => void, onChange: () => void): Renewals {
  const list = byId('renewals')
  const [newer, older] = [byId('newer', HTMLButtonElement), byId('older', HTMLButtonElement)]
  const grant = byId('grant', HTMLInputElement)
  const outcome = byId('outcome', HTMLSelectElement)
  const unfolded = new Set<string>()
  const drawn = new Map<Renewal, { readonly element: HTMLElement; readonly of: string }>()
  let shown: readonly Renewal[] = []
  let page = 0

  const turn = (to: number): void => {
    page = to
    onChange()
  }
  newer.addEventListener('click', () => turn(page - 1))
  older.addEventListener('click', () => turn(page + 1))
  grant.addEventListener('input', () => turn(0))
  outcome.addEventListener('change', () => turn(0))
  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null
    const { unfold, key } = button?.dataset ?? {}
    if (unfold !== undefined) {
      unfolded.add(unfold)
      onChange()
    }
    const lane = shown.flatMap(({ lanes }) => lanes).find((each) => each.key === key)
    if (lane !== undefined) onSelect(lane)
  })

  /** Draws a renewal again only if something about it has changed. */
  function draw(renewal: Renewal, selected: TimelineEntry | undefined): HTMLElement {
    const isUnfolded = unfolded.has(renewal.key)
    const isConcerned = selected?.lane !== undefined && renewal.lanes.includes(selected.lane)
    const marked = isConcerned ? `${selected.line.process} ${selected.line.seq}` : ''
    const of = `${renewal.version} ${isUnfolded} ${marked}`
    const before = drawn.get(renewal)
    if (before?.of === of) return before.element
    const element = renewalView(renewal, isConcerned ? selected : undefined, isUnfolded)
    drawn.set(renewal, { element, of })
    return element
  }

  function place(elements: readonly HTMLElement[]): void {
    const focused = list.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['key']
      : undefined
    const isSame =
      elements.length === list.children.length &&
      elements.every((element, index) => element === list.children[index])
    if (isSame) return
    list.replaceChildren(...elements)
    if (focused === undefined) return
    const again = list.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)
    again?.focus({ preventScroll: true })
  }

  return {
    get filter() {
      return { grant: grant.value.trim().toLowerCase(), outcome: outcome.value }
    },
    show(renewals, selected) {
      const all = renewals.filter((renewal) => matches(renewal, this.filter)).toReversed()
      const pages = Math.max(Math.ceil(all.length / SHOWN_MAX), 1)
      page = Math.min(Math.max(page, 0), pages - 1)
      shown = all.slice(page * SHOWN_MAX, (page + 1) * SHOWN_MAX)
      for (const renewal of drawn.keys()) if (!shown.includes(renewal)) drawn.delete(renewal)
      place(shown.length > 0 ? shown.map((each) => draw(each, selected)) : [nothing(renewals)])
      newer.disabled = page === 0
      older.disabled = page === pages - 1
      byId('pager').hidden = pages === 1
      say(byId('page'), `${page + 1} of ${pages}`)
      say(byId('found'), count(all.length, 'renewal'))
    },
  }
}

/** Whether a renewal is among those that are looked for. */
export function matches({ grant, token, lanes }: Renewal, filter: Filter): boolean {
  const names = [grant, token, ...lanes.map((lane) => lane.token)]
  const isNamed = names.some((name) => name?.toLowerCase().startsWith(filter.grant) === true)
  if (filter.grant !== '' && !isNamed) return false
  if (filter.outcome === '') return true
  const wanted = filter.outcome === 'running' ? undefined : filter.outcome
  return lanes.some(({ state }) => state === wanted)
}

function nothing(renewals: readonly Renewal[]): HTMLElement {
  if (renewals.length > 0)
    return el('li', { class: 'nothing' }, 'Nothing here is what you look for.')
  const address = `${location.origin}${location.pathname}`
  return el(
    'li',
    { class: 'nothing' },
    'Nothing yet. Put this into your application, and start it with the address of this page:',
    el('pre', { tabindex: '0' }, PASTED),
    el('pre', { tabindex: '0' }, `REFRESH_ONCE_INSPECT=${address} npm run dev`),
    'As soon as a token set is due, you see here who renews it.',
  )
}

const PASTED = `import { pageInspector } from 'refresh-once/inspect'

createRefresher({
  // …
  inspect: process.env.REFRESH_ONCE_INSPECT ? pageInspector() : undefined,
})`

/** Rows of one renewal that are shown at once. */
const LANES_SHOWN = 14

/** The runs of one chain that lie together in time, on one scale. */
function renewalView(
  renewal: Renewal,
  selected: TimelineEntry | undefined,
  isUnfolded: boolean,
): HTMLElement {
  const { key, lanes, grant, token, generation, beganAtMs, lastAtMs } = renewal
  const shown = isUnfolded ? lanes : lanes.slice(0, LANES_SHOWN)
  const hidden = lanes.length - shown.length
  const name = grant === undefined ? `token ${short(token)}` : `grant ${short(grant)}`
  return el(
    'li',
    { class: `renewal ${toneOfRenewal(renewal)}`, 'data-renewal': key },
    el(
      'div',
      { class: 'head' },
      el('h3', {}, name),
      generation !== undefined && el('span', { class: 'quiet' }, `generation ${generation}`),
      el('span', { class: 'quiet when' }, timeOf(beganAtMs)),
    ),
    el('p', { class: 'sum' }, ...summary(renewal), ` in ${duration(lastAtMs - beganAtMs)}`),
    el('div', { class: 'lanes' }, ...shown.map((lane) => laneView(lane, renewal, selected))),
    hidden > 0 &&
      el(
        'button',
        { type: 'button', class: 'more', 'data-unfold': key },
        `Show ${count(hidden, 'more run')}`,
      ),
  )
}

function summary(renewal: Renewal): (string | HTMLElement)[] {
  const processes = processesOf(renewal)
  const callers = count(callersOf(renewal), 'caller')
  return [
    processes > 1 ? `${callers} in ${processes} processes made ` : `${callers} made `,
    el('strong', renewal.presentations > 0 ? { class: 'presented' } : {}, presentations(renewal)),
  ]
}

function presentations({ presentations }: Renewal): string {
  return presentations === 0 ? 'no presentation' : count(presentations, 'presentation')
}

function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB')
}

const DONE: Readonly<Record<Span['actor'], string>> = {
  claim: 'asked for the claim',
  follow: 'followed the holder',
  present: 'presented the token',
  settle: 'wrote down how it ended',
  reload: 'asked the storage',
}

/** How wide a bar is at least that says how long it took. */
const ROOM_PERCENT = 10

/** One run as a row: who it is, what it did when, how it ended. A button that selects it. */
function laneView(lane: Lane, renewal: Renewal, selected: TimelineEntry | undefined) {
  const isSelected = selected?.lane === lane
  return el(
    'button',
    {
      type: 'button',
      class: `lane ${isSelected ? 'selected' : ''}`,
      'data-key': lane.key,
      'aria-pressed': String(isSelected),
    },
    el(
      'span',
      { class: 'who', title: lane.process },
      el('span', { class: 'process' }, labelOf(lane)),
      ` ${lane.run}`,
      lane.callers > 1 && el('span', { class: 'callers' }, `×${lane.callers}`),
    ),
    el('span', { class: 'unseen' }, `; ${told(lane)}; `),
    track(lane, renewal, isSelected ? selected : undefined),
    el('span', { class: `end ${toneOfLane(lane)}` }, ended(lane)),
  )
}

function track(lane: Lane, renewal: Renewal, selected: TimelineEntry | undefined): HTMLElement {
  const percent = scaleOf(renewal)
  const place = (fromMs: number, toMs: number, element: HTMLElement): HTMLElement => {
    element.style.left = `${percent(fromMs)}%`
    element.style.width = `${percent(toMs) - percent(fromMs)}%`
    return element
  }
  const bar = (span: Span): HTMLElement => {
    const { actor, beganAtMs, endedAtMs = lane.lastAtMs, outcome } = span
    const hasRoom = percent(endedAtMs) - percent(beganAtMs) >= ROOM_PERCENT
    const look = { class: `span ${actor} ${toneOfOutcome(outcome)}`, title: titleOf(span) }
    const took = hasRoom && duration(endedAtMs - beganAtMs)
    return place(beganAtMs, endedAtMs, el('span', look, took))
  }
  const head = (atMs: number): HTMLElement => place(atMs, atMs, el('span', { class: 'playhead' }))
  return el(
    'span',
    { class: 'track', 'aria-hidden': 'true' },
    place(lane.beganAtMs, lane.lastAtMs, el('span', { class: 'life' })),
    ...lane.spans.map(bar),
    selected !== undefined && head(selected.line.atMs),
  )
}

/** The label of a process, without the mark that tells one start of it from others. */
function labelOf({ process }: Lane): string {
  return process.replace(/~[^~]*$/, '')
}

/** From a time to its place on the track of a renewal. */
function scaleOf({ beganAtMs, lastAtMs }: Renewal): (atMs: number) => number {
  const wholeMs = Math.max(lastAtMs - beganAtMs, 1)
  return (atMs) => Math.min(Math.max(((atMs - beganAtMs) / wholeMs) * 100, 0), 100)
}

function titleOf({ actor, says = 'under way', beganAtMs, endedAtMs }: Span): string {
  const took = endedAtMs === undefined ? '' : `, ${duration(endedAtMs - beganAtMs)}`
  return `${actor}: ${says}${took}`
}

function ended({ state, code, wasServed, outcome }: Lane): string {
  if (state === undefined) return 'under way'
  if (code !== undefined) return code
  return state === 'rotated' && wasServed && outcome === undefined ? 'served' : state
}

/** What the bars of a row show, in words. */
function told({ callers, spans, lastAtMs }: Lane): string {
  const did = spans.map(({ actor, says = 'under way', beganAtMs, endedAtMs = lastAtMs }) => {
    return `${DONE[actor]}: ${says}, ${duration(endedAtMs - beganAtMs)}`
  })
  return [count(callers, 'caller'), ...did].join('; ')
}
