import type { Presentation } from '../../core/failure.ts'
import type { Holder, Sending } from '../../testing/observations.ts'
import type { Entry } from './journal.ts'

/** A process, as far as the logger names it: `host/pid`. */
interface JournalProcess extends Holder {
  readonly name: string | undefined
}

/** One presentation of a journal. */
export interface JournalSending extends Sending<JournalProcess> {
  readonly endedAtMs: number
  /** Whether it came again in the same claim, inside the reuse window. */
  readonly isAgain: boolean
}

/** The facts of one refresh token in a journal. */
export interface TokenFacts {
  grant?: string
  generation?: number
  claims: number
  lastClaimAtMs: number
  readonly sendings: JournalSending[]
  /** Calls with it that ended with a newer set: when the first of them began. */
  rotatedSinceMs?: number
  /** When a call with it was told that the chain has ended. */
  endedAtMs?: number
}

/** The facts of one chain in a journal. */
export interface GrantFacts {
  readonly byGeneration: Map<number, string>
  /** When a token of a generation was replaced. */
  readonly replacedAtMs: Map<number, number>
  /** The latest generation that a caller had, and the latest that was handed out. */
  newest?: number
  served?: number
  hasGiven: boolean
  endedAtMs?: number
  /** The last claim, presentation or hand-out. */
  activeAtMs: number
  /** Two tokens of one generation, or one of two. */
  clash?: { readonly token: string; readonly generation: number }
}

/** All that a journal says, without its lines. */
export interface Facts {
  readonly tokens: ReadonlyMap<string, TokenFacts>
  readonly grants: ReadonlyMap<string, GrantFacts>
  readonly processes: ReadonlySet<string>
  readonly outcomes: Readonly<Record<Presentation['outcome'], number>>
  /** Ends that the chart does not have. */
  readonly uncharted: readonly Entry[]
  readonly span: { readonly fromMs: number; readonly toMs: number } | undefined
  take(entry: Entry): void
}

export function createFacts(): Facts {
  const tokens = new Map<string, TokenFacts>()
  const grants = new Map<string, GrantFacts>()
  const processes = new Set<string>()
  const outcomes = { granted: 0, rejected: 0, refused: 0, deferred: 0, unknown: 0 }
  const uncharted: Entry[] = []
  let fromMs = Infinity
  let toMs = -Infinity

  const tokenOf = (name: string): TokenFacts => orMade(tokens, name, NEW_TOKEN)
  const grantOf = (name: string): GrantFacts => orMade(grants, name, NEW_GRANT)
  return {
    tokens,
    grants,
    processes,
    outcomes,
    uncharted,
    get span() {
      return fromMs > toMs ? undefined : { fromMs, toMs }
    },
    take(entry) {
      fromMs = Math.min(fromMs, entry.atMs)
      toMs = Math.max(toMs, entry.atMs)
      if (entry.process !== undefined) processes.add(entry.process)
      if (entry.outcome !== undefined) outcomes[entry.outcome] += 1
      if (entry.type === 'ended' && !isCharted(entry)) uncharted.push(entry)
      const token = entry.token === undefined ? undefined : tokenOf(entry.token)
      const grant = entry.grant === undefined ? undefined : grantOf(entry.grant)
      if (token !== undefined && entry.grant !== undefined) belong(token, entry.grant)
      TAKES[entry.type]?.(entry, token, grant)
    },
  }
}

const NEW_TOKEN = (): TokenFacts => ({ claims: 0, lastClaimAtMs: -Infinity, sendings: [] })

const NEW_GRANT = (): GrantFacts => ({
  byGeneration: new Map(),
  replacedAtMs: new Map(),
  hasGiven: false,
  activeAtMs: -Infinity,
})

function orMade<V>(map: Map<string, V>, name: string, make: () => V): V {
  const found = map.get(name) ?? make()
  map.set(name, found)
  return found
}

/** A token that outlived its claim's row, and came without its chain, begins another one. */
function belong(token: TokenFacts, grant: string): void {
  if (token.grant !== grant) delete token.generation
  token.grant = grant
}

type Take = (entry: Entry, token: TokenFacts | undefined, grant: GrantFacts | undefined) => void

const TAKES: { readonly [T in Entry['type']]?: Take } = {
  claimed(entry, token, grant) {
    if (token !== undefined) {
      token.claims += 1
      token.lastClaimAtMs = Math.max(token.lastClaimAtMs, entry.atMs)
    }
    place(entry, token, grant)
    act(grant, entry.atMs)
  },
  presented(entry, token, grant) {
    place(entry, token, grant)
    act(grant, entry.atMs - entry.durationMs)
    token?.sendings.push(sendingOf(entry))
    const { generation, outcome, isSpent } = entry
    if (grant === undefined || outcome !== 'granted') return
    grant.hasGiven = true
    if (generation === undefined || isSpent !== true) return
    const before = grant.replacedAtMs.get(generation) ?? Infinity
    grant.replacedAtMs.set(generation, Math.min(before, entry.atMs))
    grant.newest = Math.max(grant.newest ?? 0, generation + 1)
  },
  // What was sent before has not consumed the token.
  introspected({ isGood }, token) {
    for (const sending of isGood ? (token?.sendings ?? []) : []) sending.ending = 'unspent'
  },
  served({ atMs, generation = 0 }, _, grant) {
    act(grant, atMs)
    if (grant === undefined) return
    grant.hasGiven = true
    grant.served = Math.max(grant.served ?? 0, generation)
  },
  reuse_detected: ({ atMs }, _, grant) => end(grant, atMs),
  revoked: ({ atMs }, _, grant) => end(grant, atMs),
  ended({ state, atMs, durationMs }, token, grant) {
    if (state === 'revoked') end(grant ?? token, atMs)
    if (token === undefined) return
    if (state !== 'rotated') return
    token.rotatedSinceMs = Math.min(token.rotatedSinceMs ?? Infinity, atMs - durationMs)
  },
}

/** Which generation a token is, and that it is the only one. */
function place({ token: name, generation }: Entry, token?: TokenFacts, grant?: GrantFacts): void {
  if (generation === undefined || name === undefined || !token || !grant) return
  const other = grant.byGeneration.get(generation) ?? name
  const isClash = other !== name || (token.generation ?? generation) !== generation
  if (isClash) grant.clash ??= { token: name, generation }
  grant.byGeneration.set(generation, other)
  token.generation ??= generation
  grant.newest = Math.max(grant.newest ?? 0, generation)
}

function sendingOf({ atMs, durationMs, isSpent, times, process, token }: Entry): JournalSending {
  return {
    token: token!,
    worker: { isDead: false, name: process },
    sentAtMs: atMs - durationMs,
    endedAtMs: atMs,
    ending: isSpent === true ? 'unproven' : 'unspent',
    isAgain: times > 1,
  }
}

function act(grant: GrantFacts | undefined, atMs: number): void {
  if (grant !== undefined) grant.activeAtMs = Math.max(grant.activeAtMs, atMs)
}

function end(ended: { endedAtMs?: number } | undefined, atMs: number): void {
  if (ended !== undefined) ended.endedAtMs = Math.min(ended.endedAtMs ?? Infinity, atMs)
}

/** The codes with which the chart ends a chain. */
const ENDINGS: readonly unknown[] = [
  'rejected',
  'presented_elsewhere',
  'expired',
  'reuse_detected',
  'revoked',
]

/** Whether the chart has such an end. */
function isCharted({ state, code }: Entry): boolean {
  if (state === 'revoked') return ENDINGS.includes(code)
  return state === 'error' ? code !== undefined : state !== undefined
}
