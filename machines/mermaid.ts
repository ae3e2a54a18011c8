import type { MachineDescription, StateDescription, TransitionDescription } from './describe.ts'

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
  return path === nameOf(path) ? [idOf(path)] : [`${idOf(path)}: ${nameOf(path)}`]
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

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** Mermaid's names are of one diagram, not of one state. */
function idOf(path: string): string {
  return path.replaceAll('.', '_')
}
