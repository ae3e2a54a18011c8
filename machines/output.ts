import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  ReloadOutput,
} from './refresh.types.ts'

/** Hands the output of an actor to the guards and actions of a transition. */
const output = <O>({ event }: { event: { output: O } }): O => event.output
export const when = <G extends string>(type: G): { type: G; params: typeof output } => ({
  type,
  params: output,
})

/** The times that every output brings. */
export function timesOf(
  output: ClaimOutput | FollowOutput | PresentOutput | ReloadOutput,
): Partial<RefreshContext> {
  const { nowMs, elapsedMs, beganAtMs } = output
  return { nowMs, elapsedMs, ...(beganAtMs !== undefined && { beganAtMs }) }
}
