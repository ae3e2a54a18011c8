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
export function titleOf({ from, target, event, guard }: DrawnTransition): string {
  return `${from} → ${target}: ${event}${guard === undefined ? '' : ` [${guard}]`}`
}
