import type { Fault } from '../oidc/oidc-server.ts'
import { TIMES } from './times.ts'

/** Numbers that look drawn by chance, and are the same for one seed. */
export interface Dice {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number
  one<T>(of: readonly T[]): T
  /** Whether something happens that does in `share` of all cases. */
  hits(share: number): boolean
}

/** Mulberry32: enough for a plan. */
function dice(seed: number): Dice {
  let state = seed >>> 0
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1))
  return {
    int,
    one: (of) => of[int(0, of.length - 1)]!,
    hits: (share) => fraction() < share,
  }
}

export const PROCESSES = 4
export const LANES = 5
const ROUNDS = 15

/** Which of a chain's sets a caller comes with: the last its process was handed, an old one, … */
export type Holder = 'own' | 'stale' | 'newest'

export interface Caller {
  readonly process: number
  readonly holder: Holder
  /** Of stale ones: which, counted from the newest. */
  readonly age: number
  readonly afterMs: number
}

/** What happens to one chain in one round. */
export interface LaneRound {
  readonly callers: readonly Caller[]
  readonly signOut?: { readonly process: number; readonly afterMs: number }
  /** Whether the storage of the next chain keeps `grant`. */
  readonly carries: boolean
}

/** What happens to the processes or their database in one round. */
export type Trouble =
  | { readonly kind: 'none' }
  | { readonly kind: 'kill'; readonly process: number; readonly at: number }
  | {
      readonly kind: 'freeze'
      readonly process: number
      readonly at: number
      readonly forMs: number
    }
  | { readonly kind: 'database'; readonly afterMs: number; readonly forMs: number }

export interface Round {
  readonly trouble: Trouble
  /** For the presentations to come, whose ever they are. */
  readonly faults: readonly Fault[]
  readonly lanes: readonly LaneRound[]
}

/** One segment of a soak: everything is begun anew for it. */
export function planOf(seed: number, segment: number, hasServer: boolean): readonly Round[] {
  const drawn = dice(seed * 1_000_003 + segment)
  return Array.from({ length: ROUNDS }, () => ({
    trouble: troubleOf(drawn, hasServer),
    faults: drawn.hits(0.25) ? [faultOf(drawn)] : [],
    lanes: Array.from({ length: LANES }, () => laneOf(drawn)),
  }))
}

const TROUBLES = ['none', 'none', 'kill', 'kill', 'freeze', 'database'] as const

function troubleOf(drawn: Dice, hasServer: boolean): Trouble {
  const kind = drawn.one(TROUBLES)
  const process = drawn.int(0, PROCESSES - 1)
  const at = drawn.int(1, 30)
  const ms = drawn.int(200, 1.3 * TIMES.claimMs)
  if (kind === 'kill') return { kind, process, at }
  if (kind === 'freeze') return { kind, process, at, forMs: ms }
  if (kind === 'database' && hasServer) return { kind, afterMs: at * 4, forMs: ms / 10 }
  return { kind: 'none' }
}

function faultOf(drawn: Dice): Fault {
  const kind = drawn.one(['cut_before', 'cut_after', 'slow', 'status', 'broken_off'] as const)
  const before = drawn.int(100, 1.2 * TIMES.requestTimeoutMs)
  if (kind === 'slow') return { kind: 'delay', before }
  if (kind === 'status') return { kind, status: 503, processed: drawn.hits(0.5) }
  if (kind === 'broken_off') return { kind: 'cut_at', bytes: drawn.int(0, 40) }
  return { kind }
}

function laneOf(drawn: Dice): LaneRound {
  const callers = Array.from({ length: drawn.int(2, 9) }, () => ({
    process: drawn.int(0, PROCESSES - 1),
    holder: drawn.one(['own', 'stale', 'newest', 'newest'] as const),
    age: drawn.int(1, 4),
    afterMs: drawn.hits(0.5) ? 0 : drawn.int(0, 150),
  }))
  const signOut = { process: drawn.int(0, PROCESSES - 1), afterMs: drawn.int(0, 60) }
  return { callers, ...(drawn.hits(0.03) && { signOut }), carries: drawn.hits(0.75) }
}
