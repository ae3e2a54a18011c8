import type { Secret } from '../core/secret.ts'
import type { End } from './outcomes.ts'
import type { Parts } from './parts.ts'

/** Of a run that has ended. */
export interface Ended {
  /** The refresh token that it began with. */
  readonly refreshToken: Secret | undefined
  /** How many callers of this process shared it. */
  readonly callers: number
  readonly durationMs: number
}

/** Tells that a run has ended, and which chain it was about as far as it knows. */
export async function tellEnd(
  parts: Parts,
  { state, context: { place, problem } }: Pick<End, 'state' | 'context'>,
  { refreshToken, callers, durationMs }: Ended,
): Promise<void> {
  const isNamed = refreshToken !== undefined && place !== undefined
  const grant = isNamed ? await parts.nameOf({ refreshToken }, place.secret.expose()) : undefined
  const token = refreshToken?.fingerprint
  const { code, hint } = problem ?? {}
  parts.emit({ type: 'ended', token, grant, state, code, hint, callers, durationMs })
}
