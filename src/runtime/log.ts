import type { Clock } from '../core/clock.ts'
import type { OnEvent } from './events.ts'

const QUIET_MS = 60_000

/**
 * The default observer: one line of the server's log for a failed refresh, at most once a minute
 * per code. It says nothing that an error would not.
 */
export function logLine(clock: Clock): OnEvent {
  const lastAt = new Map<string, number>()
  return (event) => {
    if (!('state' in event) || event.code === undefined) return
    const now = clock.monotonic()
    const last = lastAt.get(event.code)
    if (last !== undefined && now - last < QUIET_MS) return
    lastAt.set(event.code, now)
    const { provider, state, code, token = '-' } = event
    console.warn(`refresh-once: provider=${provider} state=${state} code=${code} token=${token}`)
  }
}
