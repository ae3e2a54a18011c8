import { sleep, type Clock } from '../core/clock.ts'
import type { OutcomeState } from '../core/outcome.ts'
import { systemRandom } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import { fractionOf, type Grants, type HeldGrant } from './grants.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** How much of the idle time may pass before a grant is renewed for its own sake. */
const SHARE = { from: 0.5, to: 0.75 }

/** How long before its end a grant is told to end soon, milliseconds. */
const SOON_MS = 14 * DAY_MS

/**
 * When a grant that nobody uses must be renewed, so that its refresh token does not end unused.
 *
 * Grants that were deposited at the same time come due at different times.
 *
 * @param idleMs How long an unused refresh token lives. `undefined`: it is not known.
 * @returns Epoch milliseconds; `undefined` if nothing is known of an end.
 */
function dueAtMs(
  id: string,
  { obtainedAtMs }: TokenSet,
  idleMs: number | undefined,
): number | undefined {
  if (idleMs === undefined || obtainedAtMs == null) return undefined
  return obtainedAtMs + idleMs * (SHARE.from + (SHARE.to - SHARE.from) * fractionOf(id))
}

/** Between two renewals: many that come due at once must not look like an attack. */
const PACE_MS = 1_000

const EVERY_MS = 30 * 60 * 1000

/** What a look at all grants found. */
export interface Seen {
  /** How many grants are in each state. */
  readonly states: ReadonlyMap<string, number>
  readonly grants: number
  readonly renewed: number
}

export interface KeepAliveOptions {
  readonly grants: Grants
  /** How often the grants are looked at. Default 1,800,000. 0: never. */
  readonly everyMs: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long an unused refresh token of this grant lives, if it is known. */
  idleMsOf(held: HeldGrant): number | undefined
  stateOf(id: string): OutcomeState | undefined
  renew(id: string, held: HeldGrant, minValidMs: number): Promise<unknown>
  tell(seen: Seen): void
}

/** Renews grants that nobody uses before they end unused, until the signal aborts. */
export async function keepAlive(options: KeepAliveOptions): Promise<void> {
  const { everyMs = EVERY_MS, clock, signal } = options
  if (everyMs === 0) return
  while (!signal.aborted) {
    // A store that is away now is asked again the next time.
    await lookAtAll(options).catch(() => undefined)
    await sleep(clock, everyMs * (0.9 + 0.2 * systemRandom.fraction()), signal)
  }
}

async function lookAtAll(options: KeepAliveOptions): Promise<void> {
  const { grants, clock, signal, idleMsOf, stateOf, renew, tell } = options
  const states = new Map<string, number>()
  let renewed = 0
  const ids = await grants.ids()
  for (const id of ids) {
    if (signal.aborted) return
    const held = await grants.get(id)
    if (held === undefined) continue
    const { expiresAtMs, refreshExpiresAtMs } = held.tokens
    const nowMs = clock.now()
    const due = dueAtMs(id, held.tokens, idleMsOf(held))
    if (due !== undefined && due <= nowMs && stateOf(id) !== 'revoked') {
      // Another access token, also where this one outlives the refresh token.
      renewed += 1
      await renew(id, held, Math.max((expiresAtMs ?? 0) - nowMs + 1, 0))
      await sleep(clock, PACE_MS, signal)
    }
    const isSoon = refreshExpiresAtMs != null && refreshExpiresAtMs - nowMs < SOON_MS
    const state = isSoon ? 'expires_soon' : (stateOf(id) ?? 'unused')
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  tell({ states, grants: ids.length, renewed })
}
