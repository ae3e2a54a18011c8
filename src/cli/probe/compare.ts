import type { ProviderRecord } from '../../facts/provider-facts.ts'
import { serverOf } from '../../testing/authorization-server/description.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import type { Measured } from './rotation.ts'

export interface Compared {
  readonly found: readonly Measured[]
  /** The server as it was measured. */
  readonly server: ServerDescription
  /** How long the end of a reuse window was waited for, milliseconds. */
  readonly windowMaxMs: number
}

/** Axes that an answer tells, so that facts may leave them out. */
const TOLD: ReadonlySet<string> = new Set(['successor', 'accessTokenMs'])

/** Where a measured server is not what the facts say, a sentence each. */
export function differences(
  facts: ProviderRecord,
  { found, server, windowMaxMs }: Compared,
): readonly string[] {
  const known = { ...serverOf(facts), accessTokenMs: facts.lifetimes?.accessMs ?? undefined }
  // Then a setting of the application decides, or the age of a token.
  const isOpen = facts.rotation === 'sometimes'
  const axes = found.flatMap(({ axis, value }) => {
    if (value === undefined || (axis === 'rotation' && isOpen)) return []
    const said = known[axis]
    if (said === undefined) {
      return TOLD.has(axis) ? [] : [`${axis} is not in the facts: ${shown(value)}`]
    }
    const isMet = shown(said) === shown(value) || outlasts(said, value, windowMaxMs)
    return isMet ? [] : [`${axis}: measured ${shown(value)}, in the facts ${shown(said)}`]
  })
  const errors = (['dead', 'client'] as const).flatMap((kind) => {
    const [measured, said] = [server.wire?.[kind], facts.wire?.[kind]]
    if (measured === undefined || said === undefined) return []
    const look = ({ status, error }: NonNullable<typeof said>): string => `${status} ${error ?? ''}`
    const isMet = look(measured) === look(said)
    return isMet ? [] : [`error ${kind}: measured ${look(measured)}, in the facts ${look(said)}`]
  })
  return [...axes, ...errors]
}

/** Whether a window is longer than was waited for: its end cannot have been seen. */
function outlasts(said: unknown, value: unknown, waitedMs: number): boolean {
  if (value !== 'forever' || typeof said !== 'object' || said === null) return false
  return 'ms' in said && typeof said.ms === 'number' && said.ms >= waitedMs
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
