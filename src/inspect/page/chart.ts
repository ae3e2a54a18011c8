import type { Drawing } from '../diagram/drawing.ts'
import { svgOf } from '../diagram/svg.ts'
import { svgElement } from './dom.ts'

/** What a chart shows. */
export interface Shown {
  /** Paths of the states that are active; those around them are, too. */
  readonly active: readonly string[]
  /** Indices of the transitions that were taken just now. */
  readonly taken: readonly number[]
  /** Indices of those that were taken before. */
  readonly trail: readonly number[]
}

/** A drawing on the page, in which states and arrows light up. */
export interface Chart {
  show(shown: Shown): void
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

  function light({ active, taken, trail }: Shown): void {
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
    show(shown) {
      const next = JSON.stringify(shown)
      if (next === current) return
      current = next
      light(shown)
      reveal(shown.active[0])
    },
  }
}
