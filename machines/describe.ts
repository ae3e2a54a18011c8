import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** Label for inline guards, actions and actors: they have no name of their own. */
export const INLINE = '(inline)'

/** One state of a machine, as its definition has it. */
export interface StateDescription {
  /** Its name and those of the states around it, outermost first: `expiring.claiming`. */
  readonly path: string
  readonly description?: string
  /** Its own, and those of the states around it. */
  readonly tags: readonly string[]
  readonly isFinal: boolean
  /** The path of the state that is entered first inside this one. */
  readonly initial?: string
  /** The actors that run while the machine is here. */
  readonly invokes: readonly string[]
}

/** One transition: of several for the same event, the first whose guard holds is taken. */
export interface TransitionDescription {
  readonly from: string
  /** `always`, `after(delay)`, `done(actor)`, `error(actor)`, or the type of an event. */
  readonly event: string
  readonly guard?: string
  /** Absent: the machine stays where it is. */
  readonly target?: string
  /** Whether a state that is its own target is left and entered again. */
  readonly reenters: boolean
  readonly actions: readonly string[]
  readonly description?: string
}

/** Plain data, in document order: what is drawn, tabled and tested. */
export interface MachineDescription {
  readonly id: string
  readonly initial: string
  readonly states: readonly StateDescription[]
  readonly transitions: readonly TransitionDescription[]
}

/** Reads a machine from its own definition. */
export function describeMachine(machine: AnyStateMachine): MachineDescription {
  return {
    id: machine.id,
    initial: initialOf(machine.root) ?? '',
    states: nodesBelow(machine.root).map(stateOf),
    transitions: definitionsOf(machine).map(transitionOf),
  }
}

/** The transitions as XState has them, in the order in which they are described. */
export function definitionsOf({ root }: AnyStateMachine): AnyTransitionDefinition[] {
  return [root, ...nodesBelow(root)].flatMap(({ always = [], transitions }) => [
    ...always,
    ...[...transitions.values()].flat(),
  ])
}

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)])
}

function stateOf(node: AnyStateNode): StateDescription {
  const initial = initialOf(node)
  return {
    path: pathOf(node),
    ...(node.description !== undefined && { description: node.description }),
    tags: tagsOf(node),
    isFinal: node.type === 'final',
    ...(initial !== undefined && { initial }),
    invokes: node.invoke.map(({ src }) => actorName(src)),
  }
}

function tagsOf({ tags, parent }: AnyStateNode): string[] {
  return [...(parent === undefined ? [] : tagsOf(parent)), ...tags]
}

function transitionOf(transition: AnyTransitionDefinition): TransitionDescription {
  const { source, reenter, actions, description } = transition
  const guard = nameOf(transition.guard)
  const target = transition.target?.[0]
  return {
    from: pathOf(source),
    event: eventOf(source, transition),
    ...(guard !== undefined && { guard }),
    ...(target !== undefined && { target: pathOf(target) }),
    reenters: reenter,
    actions: actions.map((action) => nameOf(action) ?? INLINE),
    ...(description !== undefined && { description }),
  }
}

function eventOf(node: AnyStateNode, { eventType }: AnyTransitionDefinition): string {
  if (eventType === '') return 'always'
  for (const { id, src } of node.invoke) {
    if (eventType === `xstate.done.actor.${id}`) return `done(${actorName(src)})`
    if (eventType === `xstate.error.actor.${id}`) return `error(${actorName(src)})`
  }
  const delayed = node.after.find((transition) => transition.eventType === eventType)
  if (delayed !== undefined) return `after(${String(delayed.delay)})`
  return eventType
}

function initialOf(node: AnyStateNode): string | undefined {
  if (node.type !== 'compound') return undefined
  const target = node.initial.target[0]
  return target === undefined ? undefined : pathOf(target)
}

function pathOf({ path }: AnyStateNode): string {
  return path.join('.')
}

/** XState names an actor that was not set up after its place. */
function actorName(src: unknown): string {
  return typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : INLINE
}

/** Of a guard or an action: a name, or an object that carries it as its type. */
function nameOf(reference: unknown): string | undefined {
  if (reference === undefined) return undefined
  if (typeof reference === 'string') return reference
  if (typeof reference !== 'object' || reference === null) return INLINE
  return 'type' in reference && typeof reference.type === 'string' ? reference.type : INLINE
}

/**
 * Draws a machine as Mermaid text.
 *
 * A transition's label is its event and its guard; what it does stands in the table beside the
 * diagram. Transitions with the same ends share an arrow, in the order in which they are tried.
 *
 * @see https://mermaid.js.org/syntax/stateDiagram.html
 */
export function mermaidOf(machine: MachineDescription): string {
  return ['stateDiagram-v2', ...inside(machine, '', machine.initial), ''].join('\n')
}

/** What stands inside a state, or on the outermost level. States side by side have no first one. */
function inside(machine: MachineDescription, around: string, initial: string): string[] {
  const children = machine.states.filter(({ path }) => parentOf(path) === around)
  const lines = [
    ...(initial === '' ? [] : [`[*] --> ${idOf(initial)}`]),
    ...children.flatMap((state) => drawState(machine, state)),
    ...arrows(machine.transitions.filter(({ from, target }) => innermost(from, target) === around)),
    ...children.filter(({ isFinal }) => isFinal).map(({ path }) => `${idOf(path)} --> [*]`),
  ]
  return lines.map((line) => `  ${line}`)
}

function drawState(machine: MachineDescription, { path, initial }: StateDescription): string[] {
  if (initial !== undefined) {
    return [`state ${idOf(path)} {`, ...inside(machine, path, initial), '}']
  }
  return path === lastNameOf(path) ? [idOf(path)] : [`${idOf(path)}: ${lastNameOf(path)}`]
}

function arrows(transitions: readonly TransitionDescription[]): string[] {
  const labels = new Map<string, string[]>()
  for (const { from, target, event, guard } of transitions) {
    const ends = `${idOf(from)} --> ${idOf(target ?? from)}`
    const label = guard === undefined ? event : `${event} [${guard}]`
    labels.set(ends, [...(labels.get(ends) ?? []), label])
  }
  return [...labels].map(([ends, texts]) => `${ends}: ${texts.join('<br/>')}`)
}

/**
 * The state that holds both ends: an arrow is drawn there, because Mermaid moves a state into the
 * last block that mentions it.
 */
function innermost(from: string, target: string = from): string {
  let around = parentOf(from)
  while (around !== '' && !target.startsWith(`${around}.`)) around = parentOf(around)
  return around
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), 0))
}

function lastNameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** Mermaid's names are of one diagram, not of one state. */
function idOf(path: string): string {
  return path.replaceAll('.', '_')
}
