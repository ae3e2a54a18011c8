import { Secret } from '../core/secret.ts'
import { sleep, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { isRecord } from '../core/text.ts'
import { chainOf, parseGrant } from '../core/tokens.ts'
import type { TokenSet } from '../core/token-set.ts'
import { createSealer } from '../ledger/sealer.ts'
import type { Store } from '../ledger/store.ts'

/** A grant as its broker keeps it. */
export interface HeldGrant {
  /** The name of its provider in the broker's options. */
  readonly provider: string
  readonly tokens: TokenSet
}

/** The grants of a broker, by id. Each is sealed before it reaches the store. */
export interface Grants {
  get(id: string): Promise<HeldGrant | undefined>
  /** Keeps a grant under an id, in place of the one that was there. */
  deposit(id: string, grant: HeldGrant): Promise<{ readonly isNew: boolean }>
  /**
   * Keeps a later set of a grant. A store that fails loses nothing: the set is served from memory,
   * and written as soon as the store is back.
   */
  renew(id: string, renewal: Renewal): Promise<void>
  remove(id: string): Promise<void>
  ids(): Promise<readonly string[]>
  /** Resolves when nothing waits for the store any more, or the time is over. */
  settled(): Promise<void>
}

/** A set that was renewed. */
export interface Renewal {
  readonly before: HeldGrant
  readonly now: HeldGrant
}

export interface GrantsOptions {
  readonly store: Store
  /** Seals the rows, and hides the ids in their keys. */
  readonly secret: string
  readonly clock: Clock
}

/** A row lives so long after its last write: longer than refresh tokens do. */
const TTL_MS = 800 * 24 * 60 * 60 * 1000
/** A row that was removed is an empty one until its store forgets it. */
const REMOVED_TTL_MS = 60_000
/** The index of ids is parted into so many rows, because each deposit writes one of them. */
const SHARDS = 16
const TRIES_MAX = 1_000
const AGAIN_MS = 500
/** For how long a grant is served from memory before its row is read again, milliseconds. */
const REMEMBERED_MS = 1_000
/** How many grants are remembered. The one read longest ago is forgotten first. */
const REMEMBERED_MAX = 10_000
/** How long an ending broker waits for its store, milliseconds. */
const SETTLED_MAX_MS = 20_000

/** Keeps grants in a store that the ledger may use, too: its keys are others. */
export function grantsIn({ store, secret, clock }: GrantsOptions): Grants {
  const sealer = createSealer({ pepper: secret, ledger: 'refresh-once broker' })
  /** What was read or written last. Another broker's changes are seen a second later. */
  const remembered = new Map<string, { readonly held: HeldGrant; readonly atMs: number }>()
  /** Counts the writes of this process. */
  let changes = 0
  /** Renewals that are being written. */
  const renewing = new Map<string, { readonly now: HeldGrant; readonly ended: Promise<void> }>()
  /** Sets that the store has not taken yet. */
  const unwritten = new Map<string, Renewal>()

  /** Reads a row as JSON, and its version. */
  async function read(name: string) {
    const keys = await sealer.derive('claim', new Secret(name))
    const { value, version } = await store.read(keys.key)
    if (value === undefined || value.byteLength === 0) return { keys, version, json: undefined }
    const plain = await keys.open(value, version)
    if (plain === undefined) {
      const hint = 'It was sealed with another secret: give the broker the one it had before.'
      throw new RefreshError('row_unreadable', { store: store.name, hint })
    }
    return { keys, version, json: JSON.parse(new TextDecoder().decode(plain)) as unknown }
  }

  /**
   * Writes a row by compare-and-swap.
   *
   * @param change Says what the row shall hold. `undefined`: it stays as it is. `null`: nothing.
   * @returns What the row held before.
   */
  async function write(name: string, change: (json: unknown) => object | null | undefined) {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const { keys, version, json } = await read(name)
      const next = change(json)
      if (next === undefined) return json
      const plain = new TextEncoder().encode(JSON.stringify(next))
      const value = next === null ? new Uint8Array() : await keys.seal(plain, version + 1)
      const ttlMs = next === null ? REMOVED_TTL_MS : TTL_MS
      if ((await store.swap(keys.key, version, value, ttlMs)).swapped) return json
    }
    throw new RefreshError('store_unavailable', { store: store.name, hint: 'Too many writers.' })
  }

  function forget(id: string): void {
    changes += 1
    remembered.delete(id)
  }

  function remember(id: string, held: HeldGrant): void {
    remembered.delete(id)
    remembered.set(id, { held, atMs: clock.monotonic() })
    if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!)
  }

  const list = (id: string, isThere: boolean): Promise<unknown> =>
    write(shardOf(id), (json) => {
      const ids = idsIn(json)
      if (ids.includes(id) === isThere) return undefined
      return isThere ? [...ids, id].toSorted() : ids.filter((each) => each !== id)
    })

  const save = (id: string, renewal: Renewal): Promise<unknown> =>
    write(rowOf(id), (json) => (isLater(renewal, heldIn(json)) ? renewal.now : undefined))

  async function keep(id: string, renewal: Renewal): Promise<void> {
    const { before } = unwritten.get(id) ?? renewal
    const whole = { before, now: renewal.now }
    try {
      const kept = await save(id, whole)
      unwritten.delete(id)
      forget(id)
      if (isLater(whole, heldIn(kept))) remember(id, whole.now)
    } catch {
      const isWaiting = unwritten.has(id)
      unwritten.set(id, whole)
      forget(id)
      if (!isWaiting) void writeLater(id)
    }
  }

  async function writeLater(id: string): Promise<void> {
    while (unwritten.has(id)) {
      await sleep(clock, AGAIN_MS)
      const renewal = unwritten.get(id)
      if (renewal === undefined) return
      try {
        await save(id, renewal)
        if (unwritten.get(id) === renewal) unwritten.delete(id)
      } catch {
        // The store is still away: the set stays in memory.
      }
    }
  }

  return {
    async get(id) {
      const known = remembered.get(id)
      if (known !== undefined && clock.monotonic() - known.atMs < REMEMBERED_MS) return known.held
      const waiting = unwritten.get(id)
      if (waiting !== undefined) return waiting.now
      const before = changes
      try {
        const held = heldIn((await read(rowOf(id))).json)
        // What was read while this process wrote may be from before.
        if (held !== undefined && before === changes) remember(id, held)
        return held
      } catch (error) {
        // A token that is good is served also while the store is away.
        if (known === undefined || before !== changes) throw error
        return known.held
      }
    },
    async deposit(id, grant) {
      // First the list: an id without a grant is only passed over.
      await list(id, true)
      const before = await write(rowOf(id), () => grant)
      unwritten.delete(id)
      forget(id)
      remember(id, grant)
      return { isNew: heldIn(before) === undefined }
    },
    async renew(id, renewal) {
      const { accessToken, grant } = renewal.now.tokens
      const isSame = (held: HeldGrant | undefined): boolean =>
        held?.tokens.accessToken === accessToken && held.tokens.grant === grant
      // All callers of one refresh come with the same set: it is written once.
      if (isSame(remembered.get(id)?.held)) return
      const under = renewing.get(id)
      if (under !== undefined && isSame(under.now)) return under.ended
      const ended = keep(id, renewal).finally(() => {
        if (renewing.get(id)?.ended === ended) renewing.delete(id)
      })
      renewing.set(id, { now: renewal.now, ended })
      return ended
    },
    async remove(id) {
      unwritten.delete(id)
      await write(rowOf(id), () => null)
      forget(id)
      await list(id, false)
    },
    async ids() {
      const shards = Array.from({ length: SHARDS }, (_, shard) => read(`index ${shard}`))
      return (await Promise.all(shards)).flatMap(({ json }) => idsIn(json)).toSorted()
    },
    async settled() {
      const until = clock.monotonic() + SETTLED_MAX_MS
      while (unwritten.size > 0 && clock.monotonic() < until) {
        await sleep(clock, AGAIN_MS)
      }
    },
  }
}

const rowOf = (id: string): string => `grant ${id}`

const shardOf = (id: string): string => `index ${Math.floor(fractionOf(id) * SHARDS)}`

/** A number from 0 up to, not including, 1 that is the same for the same id in each process. */
export function fractionOf(id: string): number {
  let hash = 0x811c9dc5
  for (const unit of id) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193) >>> 0
  return hash / 2 ** 32
}

function idsIn(json: unknown): readonly string[] {
  return Array.isArray(json) ? (json as readonly string[]) : []
}

function heldIn(json: unknown): HeldGrant | undefined {
  return isRecord(json) && isRecord(json['tokens']) ? (json as unknown as HeldGrant) : undefined
}

/**
 * Whether a renewed set may replace the one that is kept now. Another process may have kept a later
 * one, or a user may have deposited the tokens of a new sign-in meanwhile.
 */
function isLater({ before, now }: Renewal, kept: HeldGrant | undefined): boolean {
  if (kept === undefined) return false
  const [old, next] = [kept.tokens.grant, now.tokens.grant]
  // What was deposited belongs to no chain yet: its first refresh begins one.
  if (old == null || next == null) return kept.tokens.refreshToken === before.tokens.refreshToken
  if (chainOf(old) !== chainOf(next)) return false
  return (parseGrant(next)?.generation ?? 0) >= (parseGrant(old)?.generation ?? 0)
}
