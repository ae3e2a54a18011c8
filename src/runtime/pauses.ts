import type { Clock } from '../core/clock.ts'

/** How long an AS is left alone that says 429 and not for how long, milliseconds. */
const PAUSE_MS = 1_000

/** Clients that an AS asked to come again later (429): nobody here disturbs it meanwhile. */
export interface Pauses {
  /** Milliseconds that are left; 0 when there is no pause. */
  left(): number
  /** @param ms What the AS asked for. Default one second. */
  begin(ms: number | undefined): void
}

const SHARED = Symbol.for('refresh-once/pauses/1')

/**
 * One pause per issuer and client in this process, whoever asks for it. On `globalThis`, because
 * bundlers build one module several times.
 */
export function pauseOf(client: string, clock: Clock): Pauses {
  const holder = globalThis as { [SHARED]?: Map<string, number> }
  const untilMs = (holder[SHARED] ??= new Map())
  return {
    left() {
      const leftMs = (untilMs.get(client) ?? 0) - clock.monotonic()
      if (leftMs > 0) return leftMs
      untilMs.delete(client)
      return 0
    },
    begin(ms = PAUSE_MS) {
      const until = clock.monotonic() + ms
      if (until > (untilMs.get(client) ?? 0)) untilMs.set(client, until)
    },
  }
}
