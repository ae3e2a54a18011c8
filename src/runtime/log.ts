import type { Clock } from '../core/clock.ts'
import type { OnEvent } from './events.ts'

const QUIET_MS = 60_000

/**
 * The default observer: one line of the server's log for a failed refresh, at most once a minute
 * per code, and one in all for refresh tokens that expire soon. It says nothing that an error would
 * not.
 */
export function logLine(clock: Clock): OnEvent {
  const lastAt = new Map<string, number>()
  let isWarned = false
  return (event) => {
    if ('refreshExpiresAtMs' in event && !isWarned) {
      isWarned = true
      const { provider, type, token = '-', refreshExpiresAtMs } = event
      const end = new Date(refreshExpiresAtMs).toISOString()
      console.warn(`refresh-once: provider=${provider} event=${type} at=${end} token=${token}`)
    }
    if (!('state' in event) || event.code === undefined) return
    const now = clock.monotonic()
    const last = lastAt.get(event.code)
    if (last !== undefined && now - last < QUIET_MS) return
    lastAt.set(event.code, now)
    const { provider, state, code, token = '-', hint } = event
    const advice = hint === undefined ? '' : ` ${hint}`
    console.warn(
      `refresh-once: provider=${provider} state=${state} code=${code} token=${token}${advice}`,
    )
  }
}
