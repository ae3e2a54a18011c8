import { AXES, WIRE } from './axes.ts'
import type { Axis } from './axes.ts'
import type { Behaviour, ServerDescription } from './description.ts'

/** A behaviour, and which of its axes were not known but drawn. */
export interface Drawn {
  readonly behaviour: Behaviour
  /** By name; what stands in the wire is not told. */
  readonly drawn: readonly (keyof Behaviour)[]
}

/**
 * Draws what a description leaves open.
 *
 * @param draw A whole number, 0 or more, for each axis in turn; 0 stands for the plainest.
 */
export function drawBehaviour(description: ServerDescription, draw: () => number): Drawn {
  const behaviour = filled(AXES, description, draw)
  const wire = filled(WIRE, description.wire ?? {}, draw)
  const drawn = Object.entries<Axis<unknown>>(AXES)
    .filter(([name, { draws }]) => draws.length > 1 && known(description, name) === undefined)
    .map(([name]) => name as keyof Behaviour)
  return { behaviour: { ...behaviour, wire } as Behaviour, drawn }
}

/** Drawn for each axis, known or not: to describe one does not change the others. */
function filled(
  axes: Readonly<Record<string, Axis<unknown>>>,
  description: object,
  draw: () => number,
): object {
  return Object.fromEntries(
    Object.entries(axes).map(([name, { draws }]) => {
      const other = draws[draw() % draws.length]
      return [name, known(description, name) ?? other]
    }),
  )
}

function known(description: object, name: string): unknown {
  return (description as Readonly<Record<string, unknown>>)[name]
}
