import { byId, el, say, svgElement } from './dom.ts'
import type { TimelineEntry } from './timeline.ts'
import { duration, short, wordsOf } from './words.ts'
import type { Drawing } from '../diagram/svg.ts'
import { svgOf } from '../diagram/svg.ts'

/** Lines of one run that are listed, around the selected one. */
const LISTED_MAX = 80

/** The selected line in words, and those around it in its run. */
export interface SelectedDetails {
  show(entry: TimelineEntry | undefined): void
}

export function createDetails(onSelect: (entry: TimelineEntry) => void): SelectedDetails {
  const list = byId('steps')
  let current: TimelineEntry | undefined
  let length = 0
  let listed: readonly TimelineEntry[] = []
  list.addEventListener('click', ({ target }) => {
    const index = target instanceof Element ? target.closest('button')?.dataset['index'] : undefined
    const entry = listed[Number(index)]
    if (entry !== undefined) onSelect(entry)
  })

  function write(entry: TimelineEntry | undefined): void {
    const groups = alike(entry?.lane?.entries ?? (entry === undefined ? [] : [entry]))
    const isChosen = (group: Group): boolean => entry !== undefined && group.includes(entry)
    const at = groups.findIndex(isChosen)
    const first = Math.max(0, Math.min(at - LISTED_MAX / 2, groups.length - LISTED_MAX))
    const shown = groups.slice(first, first + LISTED_MAX)
    listed = shown.map(([one]) => one)
    const hadFocus = list.contains(document.activeElement)
    list.replaceChildren(...shown.map((group, index) => item(group, index, isChosen(group))))
    const chosen = list.querySelector<HTMLElement>('[aria-current]')
    if (chosen === null) return
    if (hadFocus) chosen.focus({ preventScroll: true })
    // Of the list only: the page must not jump while one reads.
    list.scrollTop = chosen.offsetTop - list.clientHeight / 2
  }

  return {
    show(entry) {
      const { length: now } = entry?.lane?.entries ?? []
      if (entry === current && now === length) return
      current = entry
      length = now
      say(byId('facts'), factsOf(entry))
      write(entry)
    },
  }
}

/** Entries that follow each other and say the same. */
type Group = readonly [TimelineEntry, ...TimelineEntry[]]

function alike(entries: readonly TimelineEntry[]): readonly Group[] {
  const groups: [TimelineEntry, ...TimelineEntry[]][] = []
  for (const entry of entries) {
    const last = groups.at(-1)
    // A step is a place in the chart of its own, whatever it says.
    const isAlike = entry.line.kind !== 'step' && last !== undefined
    if (isAlike && wordsOf(last[0].line) === wordsOf(entry.line)) last.push(entry)
    else groups.push([entry])
  }
  return groups
}

function item(group: Group, index: number, isSelected: boolean): HTMLElement {
  const [{ line, lane }] = group
  const sinceMs = line.atMs - (lane?.beganAtMs ?? line.atMs)
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: `line ${line.kind}`,
        'data-index': String(index),
        ...(isSelected && { 'aria-current': 'step' }),
      },
      el('span', { class: 'since' }, `+${duration(Math.max(sinceMs, 0))}`),
      el(
        'span',
        {},
        wordsOf(line),
        group.length > 1 && el('span', { class: 'times' }, ` ×${group.length}`),
      ),
    ),
  )
}

function factsOf(entry: TimelineEntry | undefined): string {
  if (entry === undefined) return 'Nothing is selected yet.'
  const { line, lane } = entry
  const { token, grant, generation } = 'token' in line ? line : { ...NOWHERE, token: lane?.token }
  return [
    `process ${line.process}`,
    'run' in line && line.run !== undefined ? `run ${line.run}` : '',
    `provider ${line.provider}`,
    token === undefined ? '' : `token ${short(token)}`,
    grant === undefined ? '' : `grant ${short(grant)}`,
    generation === undefined ? '' : `generation ${generation}`,
  ]
    .filter((text) => text !== '')
    .join(' · ')
}

const NOWHERE: { readonly grant?: string; readonly generation?: number } = {}

/** What a chart shows. */
export interface ChartView {
  /** Paths of the states that are active; those around them are, too. */
  readonly active: readonly string[]
  /** Indices of the transitions that were taken just now. */
  readonly taken: readonly number[]
  /** Indices of those that were taken before. */
  readonly trail: readonly number[]
}

/** A drawing on the page, in which states and arrows light up. */
export interface Chart {
  /** @param follows Whether the active state is moved into view. */
  show(shown: ChartView, follows: boolean): void
}

/** @param scroller What holds the drawing, and may be narrower. */
export function createChart(scroller: HTMLElement, drawing: Drawing, label: string): Chart {
  const svg = svgElement(svgOf(drawing, label))
  scroller.replaceChildren(svg)
  const states = [...svg.querySelectorAll<SVGGElement>('[data-state]')]
  const arrows = [...svg.querySelectorAll<SVGPathElement>('[data-of]')].map((path) => ({
    path,
    of: (path.dataset['of'] ?? '').split(' ').map(Number),
  }))
  const labels = [...svg.querySelectorAll<SVGTextElement>('[data-transition]')]
  let current = ''

  function light({ active, taken, trail }: ChartView): void {
    for (const state of states) {
      const path = state.dataset['state'] ?? ''
      const isActive = active.some((each) => each === path || each.startsWith(`${path}.`))
      state.classList.toggle('active', isActive)
    }
    for (const { path, of } of arrows) {
      const isTaken = of.some((index) => taken.includes(index))
      path.classList.toggle('taken', isTaken)
      const isTrail = !isTaken && of.some((index) => trail.includes(index))
      path.classList.toggle('trail', isTrail)
      const head = isTaken || isTrail ? 'taken' : 'idle'
      path.setAttribute('marker-end', `url(#${drawing.id}-${head})`)
    }
    for (const text of labels) {
      text.classList.toggle('taken', taken.includes(Number(text.dataset['transition'])))
    }
  }

  /** Moves the innermost active state into view, where the drawing is wider than the page. */
  function reveal(path: string | undefined): void {
    const state = drawing.states.find((each) => each.path === path)
    if (state === undefined || scroller.scrollWidth <= scroller.clientWidth) return
    const scale = svg.clientWidth / drawing.width
    scroller.scrollLeft = (state.x + state.width / 2) * scale - scroller.clientWidth / 2
  }

  return {
    show(shown, follows) {
      const next = JSON.stringify([shown, follows])
      if (next === current) return
      current = next
      light(shown)
      if (follows) reveal(shown.active[0])
    },
  }
}
