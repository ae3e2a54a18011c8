import type { ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs'
import elk from 'elkjs'
import type { MachineDescription, StateDescription } from '../../../machines/describe.ts'
import { DOT, LINE, labelOf } from '../../../src/inspect/diagram/svg.ts'
import type { DrawnArrow, DrawnState, Drawing } from '../../../src/inspect/diagram/svg.ts'

/** Widths of a letter of a label and of a name, wider than common fonts have them. */
const LABEL_LETTER = 8.2
const NAME_LETTER = 9.6
const ROOT = ''

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.padding': '[top=14,left=14,bottom=14,right=14]',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeNodeBetweenLayers': '11',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  // The machine is written down in the order in which a life goes.
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.thoroughness': '200',
  // Narrow, because the page shows it in one piece.
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'SPACE_EFFICIENT_LAYER',
}

/** Lays a machine out. The same machine comes out the same. */
export async function layOut(machine: MachineDescription): Promise<Drawing> {
  const arrows = arrowsOf(machine)
  const starts = startsOf(machine)
  const graph: ElkNode = await new elk.default().layout({
    ...inside(machine, ROOT),
    id: 'root',
    layoutOptions: OPTIONS,
    edges: [...arrows.map((arrow) => edgeFor(machine, arrow)), ...starts.map(edgeForStart)],
  })
  const found = placesIn(graph)
  return {
    id: machine.id,
    width: Math.ceil(graph.width!),
    height: Math.ceil(graph.height!),
    states: machine.states.map((state) => ({ ...drawn(state), ...found.boxOf(state.path) })),
    arrows: arrows.map(({ id, of }) => ({
      points: found.pointsOf(id),
      label: found.labelOf(id),
      of,
    })),
    starts: starts.map(({ id }) => found.pointsOf(id)),
    transitions: machine.transitions.map(({ from, target = from, event, guard }) => ({
      from,
      target,
      event,
      ...(guard !== undefined && { guard }),
    })),
    words: {
      states: Object.fromEntries(
        machine.states.flatMap(({ path, description }) =>
          description === undefined ? [] : [[path, description]],
        ),
      ),
      transitions: machine.transitions.map(({ description = '' }) => description),
    },
    settled: machine.states.flatMap(({ path, tags }) => (tags.includes('settled') ? [path] : [])),
  }
}

function drawn({ path, isFinal, initial, invokes }: StateDescription) {
  const kind: DrawnState['kind'] = initial !== undefined ? 'around' : isFinal ? 'final' : 'simple'
  return { path, kind, ...(invokes[0] !== undefined && { runs: invokes[0] }) }
}

interface Arrow extends Pick<DrawnArrow, 'of'> {
  readonly id: string
  readonly from: string
  readonly target: string
}

/** One arrow for all transitions with the same ends. */
function arrowsOf({ transitions }: MachineDescription): Arrow[] {
  const arrows = new Map<string, Arrow & { readonly of: number[] }>()
  for (const [index, { from, target = from }] of transitions.entries()) {
    const id = `${from}>${target}`
    const arrow = arrows.get(id) ?? { id, from, target, of: [] }
    arrow.of.push(index)
    arrows.set(id, arrow)
  }
  return [...arrows.values()]
}

function edgeFor({ transitions }: MachineDescription, arrow: Arrow): ElkExtendedEdge {
  const lengths = arrow.of.map((index) => {
    const { from, target = from, event, guard } = transitions[index]!
    return labelOf({ from, target, event, ...(guard !== undefined && { guard }) }).length
  })
  const label = {
    text: arrow.id,
    width: Math.max(...lengths) * LABEL_LETTER + 10,
    height: arrow.of.length * LINE + 3,
    layoutOptions: { 'elk.edgeLabels.inline': 'true' },
  }
  return { id: arrow.id, sources: [arrow.from], targets: [arrow.target], labels: [label] }
}

interface Start {
  readonly id: string
  readonly around: string
  readonly initial: string
}

/** Where the machine begins, and every state around others. */
function startsOf({ states, initial }: MachineDescription): Start[] {
  const all = [{ path: ROOT, ...(initial !== ROOT && { initial }) }, ...states]
  return all.flatMap(({ path, initial }) =>
    initial === undefined ? [] : [{ id: `${path}*>`, around: path, initial }],
  )
}

const dotOf = (around: string): string => `${around}*`

function edgeForStart({ id, around, initial }: Start): ElkExtendedEdge {
  return { id, sources: [dotOf(around)], targets: [initial] }
}

function inside(machine: MachineDescription, around: string): { children: ElkNode[] } {
  const dots = startsOf(machine).filter((start) => start.around === around)
  const states = machine.states.filter(({ path }) => parentOf(path) === around)
  return {
    children: [
      ...dots.map(() => ({ id: dotOf(around), width: DOT, height: DOT })),
      ...states.map((state) => nodeFor(machine, state)),
    ],
  }
}

function nodeFor(machine: MachineDescription, { path, initial, invokes }: StateDescription) {
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (initial !== undefined) {
    const layoutOptions = { 'elk.padding': '[top=46,left=20,bottom=20,right=20]' }
    return { id: path, ...inside(machine, path), layoutOptions }
  }
  const width = Math.max(100, name.length * NAME_LETTER + 30)
  return { id: path, width, height: invokes.length > 0 ? 54 : 42 }
}

/** What ELK found, counted from the outermost corner. */
function placesIn(graph: ElkNode) {
  const corners = new Map<string, { node: ElkNode; left: number; top: number }>()
  const place = (node: ElkNode, left: number, top: number): void => {
    corners.set(node.id, { node, left, top })
    for (const child of node.children ?? []) place(child, left + child.x!, top + child.y!)
  }
  place(graph, 0, 0)
  const edges = new Map((graph.edges ?? []).map((edge) => [edge.id, edge]))
  const cornerOf = (id: string) => corners.get(edges.get(id)!.container ?? 'root')!
  return {
    boxOf(path: string) {
      const { node, left, top } = corners.get(path)!
      return boxAt(left, top, node)
    },
    pointsOf(id: string): string {
      const { left, top } = cornerOf(id)
      const { startPoint, bendPoints = [], endPoint } = edges.get(id)!.sections![0]!
      const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({
        x: Math.round(left + x),
        y: Math.round(top + y),
      }))
      const turns = points.filter((_, index) => isTurn(points[index - 1], points[index + 1]))
      return turns.map(({ x, y }) => `${x},${y}`).join(' ')
    },
    labelOf(id: string) {
      const { left, top } = cornerOf(id)
      const label = edges.get(id)!.labels![0]!
      return boxAt(left + label.x!, top + label.y!, label)
    },
  }
}

/** Whether a line turns, or ends, between two of its points. */
function isTurn(before: ElkPoint | undefined, after: ElkPoint | undefined): boolean {
  return (
    before === undefined || after === undefined || (before.x !== after.x && before.y !== after.y)
  )
}

function boxAt(x: number, y: number, { width, height }: { width?: number; height?: number }) {
  return {
    x: Math.round(x),
    y: Math.round(y),
    width: Math.round(width!),
    height: Math.round(height!),
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), 0))
}
