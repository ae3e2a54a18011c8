/** Height of a line of a label. */
export const LINE = 17
/** Width of the dot where a machine begins. */
export const DOT = 10
/** Of the turns of an arrow. */
const RADIUS = 8

/**
 * Draws a machine as SVG, without a style: classes say what is what.
 *
 * Each state carries its path as `data-state`, each arrow the indices of its transitions as
 * `data-of`, and each line of its label the index of its own as `data-transition`.
 *
 * @param label What a screen reader says of the picture.
 * @param style CSS to go with it. Default: none, for a page that has its own.
 */
export function svgOf(drawing: Drawing, label: string, style = ''): string {
  const { id, width, height, states, arrows, starts } = drawing
  const isAround = ({ kind }: DrawnState): boolean => kind === 'around'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">`,
    ...(style === '' ? [] : [`<style>${style}</style>`]),
    `<defs>${head(id)}${head(id, 'taken')}</defs>`,
    ...states.filter(isAround).map(drawAround),
    ...starts.map((points) => drawStart(id, points)),
    ...arrows.map((arrow) => drawArrow(id, arrow)),
    ...states.filter((state) => !isAround(state)).map(drawState),
    ...arrows.map((arrow) => drawLabel(drawing, arrow)),
    '</svg>',
    '',
  ].join('\n')
}

/** A head has no colour of its arrow that every browser knows: one for each colour. */
function head(id: string, kind = 'idle'): string {
  return (
    `<marker id="${id}-${kind}" class="head ${kind}" viewBox="0 0 10 10" refX="9" refY="5" ` +
    'markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">' +
    '<path d="M0 0 10 5 0 10z"/></marker>'
  )
}

function drawAround({ path, x, y, width, height }: DrawnState): string {
  return (
    `<g class="state around" data-state="${path}">` +
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="14"/>` +
    `<text class="name" x="${x + 18}" y="${y + 27}">${nameOf(path)}</text></g>`
  )
}

function drawState({ path, x, y, width, height, kind, runs }: DrawnState): string {
  const box = (inset: number, rx: number): string =>
    `<rect x="${x + inset}" y="${y + inset}" width="${width - 2 * inset}" ` +
    `height="${height - 2 * inset}" rx="${rx}"/>`
  const text = (is: string, y: number, words: string): string =>
    `<text class="${is}" x="${x + width / 2}" y="${y}" text-anchor="middle">${words}</text>`
  const nameY = y + (runs === undefined ? height / 2 + 5 : 24)
  return (
    `<g class="state ${kind}" data-state="${path}">` +
    `${box(0, 10)}${kind === 'final' ? box(4, 7) : ''}${text('name', nameY, nameOf(path))}` +
    `${runs === undefined ? '' : text('runs', nameY + 17, `${runs}()`)}</g>`
  )
}

function drawStart(id: string, points: string): string {
  const [[x, y]] = cornersOf(points)
  return (
    `<g class="start"><circle cx="${x - DOT / 2}" cy="${y}" r="${DOT / 2}"/>` +
    `<path d="${pathOf(points)}" marker-end="url(#${id}-idle)"/></g>`
  )
}

function drawArrow(id: string, { points, of }: DrawnArrow): string {
  return (
    `<path class="arrow" data-of="${of.join(' ')}" d="${pathOf(points)}" ` +
    `marker-end="url(#${id}-idle)"/>`
  )
}

function drawLabel({ states, transitions }: Drawing, { label, of }: DrawnArrow): string {
  const { x, y } = label
  const isInside = states.some((state) => state.kind === 'around' && holds(state, label))
  const lines = of.map((index, line) => {
    const transition = transitions[index]!
    return (
      `<text data-transition="${index}" x="${x + label.width / 2}" y="${y + line * LINE + 14}" ` +
      `text-anchor="middle"><title>${escaped(titleOf(transition))}</title>` +
      `${escaped(labelOf(transition))}</text>`
    )
  })
  return (
    `<g class="why${isInside ? ' inside' : ''}">` +
    `<rect x="${x}" y="${y}" width="${label.width}" height="${label.height}" rx="4"/>` +
    `${lines.join('')}</g>`
  )
}

function holds(outer: Box, { x, y }: Box): boolean {
  const { width, height } = outer
  return x > outer.x && x < outer.x + width && y > outer.y && y < outer.y + height
}

type Corner = readonly [x: number, y: number]

function cornersOf(points: string): [Corner, ...Corner[]] {
  const corners = points.split(' ').map((point) => point.split(',').map(Number))
  return corners as unknown as [Corner, ...Corner[]]
}

/** Straight lines with rounded turns. */
function pathOf(points: string): string {
  const corners = cornersOf(points)
  const turns = corners.map((corner, index) => {
    const before = corners[index - 1]
    const after = corners[index + 1]
    if (before === undefined) return `M${corner.join(' ')}`
    if (after === undefined) return `L${corner.join(' ')}`
    return `L${towards(corner, before)}Q${corner.join(' ')} ${towards(corner, after)}`
  })
  return turns.join('')
}

/** A little from one corner on the way to another. */
function towards([x, y]: Corner, [toX, toY]: Corner): string {
  const distance = Math.hypot(toX - x, toY - y)
  const part = distance === 0 ? 0 : Math.min(RADIUS, distance / 2) / distance
  return `${round(x + (toX - x) * part)} ${round(y + (toY - y) * part)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

/** A place in a drawing, in its own units: a unit is a CSS pixel at scale 1. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A state with its place. */
export interface DrawnState extends Box {
  readonly path: string
  /** `around`: other states lie inside. */
  readonly kind: 'simple' | 'around' | 'final'
  /** The actor that runs here. */
  readonly runs?: string
}

/** An arrow, for all transitions that lead from one state to the same other one. */
export interface DrawnArrow {
  /** Corners from its tail to its head: `x,y x,y …`. */
  readonly points: string
  /** Of what it says, one line a transition. */
  readonly label: Box
  /** Indices of its transitions. */
  readonly of: readonly number[]
}

/** One transition, as `describeMachine` has it at the same index. */
export interface DrawnTransition {
  readonly from: string
  readonly target: string
  readonly event: string
  readonly guard?: string
}

/** A machine, laid out. */
export interface Drawing {
  readonly id: string
  readonly width: number
  readonly height: number
  /** In document order: a state around others comes before them. */
  readonly states: readonly DrawnState[]
  readonly arrows: readonly DrawnArrow[]
  /** Where the machine, or a state around others, begins: from a dot to the first state. */
  readonly starts: readonly string[]
  readonly transitions: readonly DrawnTransition[]
  /** The `description`s of the chart: of states by path, of transitions by index. */
  readonly words: {
    readonly states: Readonly<Record<string, string>>
    readonly transitions: readonly string[]
  }
  /** Paths of the states that the chart tags `settled`: a run, or a round of it, ends there. */
  readonly settled: readonly string[]
}

/**
 * What an arrow says of a transition: why this one and not another.
 *
 * That a state with an actor is left when the actor is done goes without saying.
 */
export function labelOf({ event, guard }: DrawnTransition): string {
  if (event.startsWith('error(')) return 'error'
  if (event.startsWith('done(')) return guard ?? 'otherwise'
  return guard === undefined ? event : `${event} [${guard}]`
}

/** Its ends, its event and its guard, in full. */
function titleOf({ from, target, event, guard }: DrawnTransition): string {
  return `${from} → ${target}: ${event}${guard === undefined ? '' : ` [${guard}]`}`
}

/**
 * How a drawing looks. Its colours are variables, so that a page can set them; by themselves they
 * follow the reader's preference for dark or light.
 */
export const CHART_STYLE = `
.chart {
  --ink: #1c2430; --muted: #566273; --line: #98a3b3; --box: #fff; --around: #f3f5f8;
  --edge: #ccd4de; --paper: #fff;
  background: var(--paper);
}
@media (prefers-color-scheme: dark) {
  .chart {
    --ink: #e7ebf1; --muted: #9ba7b7; --line: #64707f; --box: #212a35; --around: #171e27;
    --edge: #3b4655; --paper: #10151c;
  }
}
.chart text { font: 13.5px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.chart .name { font: 600 17px ui-sans-serif, system-ui, sans-serif; fill: var(--ink) }
.chart .state rect { fill: var(--box); stroke: var(--edge); stroke-width: 1.5 }
.chart .around rect { fill: var(--around) }
.chart .around .name, .chart .runs, .chart .why text { fill: var(--muted) }
.chart .why rect { fill: var(--paper) }
.chart .why.inside rect { fill: var(--around) }
.chart .arrow, .chart .start path { fill: none; stroke: var(--line); stroke-width: 1.5 }
.chart .head path, .chart .start circle { fill: var(--line) }
`
