import { checkedTokenSet, checkSendable, grantOf } from '../core/check-token-set.ts'
import { RefreshError } from '../core/errors.ts'
import type { ErrorCode, Reason } from '../core/errors.ts'
import type { Handle, Outcome, RevokeOutcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import { isRecord, toBase64url } from '../core/text.ts'
import type { TokenSet } from '../core/token-set.ts'
import { tokenSetOf } from '../core/tokens.ts'
import { RETENTION } from '../ledger/configuration.ts'
import { parseJson } from '../ledger/codec.ts'
import { newestIfLate } from '../ledger/protocol/index.ts'
import type { LateSet } from '../ledger/protocol/index.ts'
import { createSealer } from '../ledger/sealer.ts'
import type { RowKeys } from '../ledger/sealer.ts'
import { callStore } from '../ledger/store-call.ts'
import { fromStored, refreshTokenIn } from '../ledger/stored-token-set.ts'
import type { StoredTokenSet } from '../ledger/stored-token-set.ts'
import type { RefresherContext } from './context.ts'
import type { RefreshOptions } from './options.ts'
import { errorOf, failedOutcome, problemOf, revokedOutcome } from './outcome.ts'
import { nameOf } from './outputs.ts'

/** Keeps token sets in rows of the ledger's store, each under a handle. */
export interface Handles {
  deposit(tokens: TokenSet): Promise<Handle>
  refresh(handle: string, asked: RefreshOptions): Promise<Outcome>
  revoke(handle: string): Promise<RevokeOutcome>
}

/** The refresher for tokens, which does all that is done with them. */
export interface TokenCalls {
  refresh(tokens: TokenSet, asked: RefreshOptions): Promise<Outcome>
  revoke(tokens: TokenSet): Promise<RevokeOutcome>
  isFresh(tokens: TokenSet, asked: RefreshOptions): boolean
}

/** Why the row of a handle gives no token any more. */
type HandleEnd = 'revoked' | 'handle_idle' | 'handle_too_old'

const ENDS: Readonly<Record<HandleEnd, Reason>> = {
  revoked: 'signed_out',
  handle_idle: 'expired_idle',
  handle_too_old: 'expired_absolute',
}

/** What a handle leads to. A row that has ended stays, so that no late write brings it back. */
interface HandleRow {
  readonly tokens: TokenSet
  /** When the user signed in, or the tokens were deposited if that is not known. */
  readonly sinceMs: number
  /** Whether the set was no stale holder's at its deposit. If not, its lateness is a reuse. */
  readonly isTrusted: boolean
  readonly ended?: HandleEnd
}

interface Held {
  readonly keys: RowKeys
  readonly row: HandleRow | undefined
  readonly version: number
  readonly writtenAtMs: number
  readonly nowMs: number
}

/** How many sets a process remembers, for a store that is down. The oldest goes first. */
const REMEMBERED_MAX = 10_000

/** A row is written again when so much of its time is over. */
const TOUCHED_AFTER = 0.1

/** How often a write is tried again when other processes write the row at the same time. */
const WRITES_MAX = 20

/**
 * Makes the handles of one refresher.
 *
 * A handle's row holds a token set as a cookie would, sealed under the handle. All that prevents a
 * second presentation stays with the refresher: a row that was not written, because a process died,
 * is an older cookie, which gets the newest set of its chain.
 */
export function createHandles(parts: RefresherContext, calls: TokenCalls): Handles {
  const { settings, ledger } = parts
  const { store, clock, random, provider, pepper, maxIdleMs, maxGrantMs } = settings
  const sealer = createSealer({ ledger: settings.ledger, pepper, random })
  const { refreshIdleMs, refreshLifetimeMs } = provider.response
  const retentionMs =
    settings.grantRetentionMs ?? refreshIdleMs ?? refreshLifetimeMs ?? RETENTION.grantRetentionMs
  const ttlMs = Math.max(retentionMs, 2 * (maxIdleMs ?? 0))
  const touchAfterMs = TOUCHED_AFTER * Math.min(maxIdleMs ?? ttlMs, ttlMs)
  const remembered = new Map<string, TokenSet>()

  function remember(handle: string, tokens: TokenSet): void {
    remembered.delete(handle)
    remembered.set(handle, tokens)
    if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!)
  }

  async function read(handle: string): Promise<Held> {
    await ledger.ready()
    const keys = await sealer.derive('handle', new Secret(handle))
    const stored = await callStore(store, clock, settings.storeTimeoutMs ?? 2_000, () =>
      store.read(keys.key),
    )
    const { value, version } = stored
    const body = value && (await keys.open(value, version))
    if (value !== undefined && body === undefined) throw new RefreshError('row_unreadable')
    return { ...stored, keys, row: body && rowIn(parseJson(body)) }
  }

  /** Writes a row if it is still as read. Whether it was. */
  async function write({ keys, version }: Held, row: HandleRow): Promise<boolean> {
    const body = new TextEncoder().encode(JSON.stringify(row))
    const sealed = await keys.seal(body, version + 1)
    const { swapped } = await callStore(store, clock, settings.storeTimeoutMs ?? 2_000, () =>
      store.swap(keys.key, version, sealed, ttlMs),
    )
    return swapped
  }

  /** Changes a row as it is when the change arrives. `undefined` of `next`: it stays as it is. */
  async function change(
    handle: string,
    held: Held,
    next: (row: HandleRow) => HandleRow | undefined,
  ): Promise<Held> {
    for (let writes = 0; writes < WRITES_MAX; writes += 1) {
      const row = held.row && next(held.row)
      if (row === undefined) return held
      if (await write(held, row)) return { ...held, row, version: held.version + 1 }
      held = await read(handle)
    }
    return held
  }

  /** The newest set, for a row that was left behind so long that its holder would look stale. */
  async function lateSet(tokens: TokenSet): Promise<LateSet<StoredTokenSet> | undefined> {
    if (tokens.refreshToken == null) return undefined
    const ref = grantOf(tokens)
    const name = ref && nameOf(ref)
    const chain = { refreshToken: new Secret(tokens.refreshToken), name }
    const { answer } = await ledger.run(chain, (view) => newestIfLate(name, parts.policy, view))
    return answer
  }

  async function caughtUp({ row }: Held, tokens: TokenSet): Promise<TokenSet> {
    const late = row?.isTrusted === true ? await lateSet(tokens) : undefined
    if (late?.set === undefined) return tokens
    const { position, set, proofKey, nowMs } = late
    const ref = await ledger.refOf(position, refreshTokenIn(set), proofKey)
    const moment = { hostNowMs: clock.now(), storeNowMs: nowMs }
    return tokenSetOf(fromStored(set, moment), ref, tokens, provider.id)
  }

  function endOf({ row, writtenAtMs, nowMs }: Held): HandleEnd | undefined {
    if (row === undefined || row.ended !== undefined) return row?.ended
    if (maxGrantMs !== undefined && nowMs - row.sinceMs >= maxGrantMs) return 'handle_too_old'
    return maxIdleMs !== undefined && nowMs - writtenAtMs >= maxIdleMs ? 'handle_idle' : undefined
  }

  /** Ends a handle that is over: first its row, so that no process serves it, then its chain. */
  async function end(handle: string, held: Held, ended: HandleEnd): Promise<RevokeOutcome> {
    const tokens = newer(held.row!.tokens, remembered.get(handle))
    remembered.delete(handle)
    const { row } = await change(handle, held, (row) => (row.ended ? undefined : { ...row, ended }))
    return calls.revoke(newer(row?.tokens ?? tokens, tokens))
  }

  /** Brings what a call has learnt into the row, or says there that the handle is used. */
  async function keep(handle: string, held: Held, tokens: TokenSet): Promise<void> {
    const isOld = held.nowMs - held.writtenAtMs >= touchAfterMs
    const isNewer = held.row !== undefined && newer(held.row.tokens, tokens) === tokens
    if (!isOld && !isNewer) return
    await change(handle, held, (row) => {
      if (row.ended !== undefined) return undefined
      return { ...row, tokens: newer(row.tokens, tokens), isTrusted: row.isTrusted || isNewer }
    })
  }

  async function refreshHeld(handle: string, held: Held, asked: RefreshOptions): Promise<Outcome> {
    if (held.row === undefined) return over(provider.id, 'handle_unknown')
    const ended = endOf(held)
    if (ended !== undefined) {
      if (held.row.ended === undefined) await end(handle, held, ended)
      return over(provider.id, ended)
    }
    const known = newer(held.row.tokens, remembered.get(handle))
    const tokens = calls.isFresh(known, asked) ? known : await caughtUp(held, known)
    const outcome = await calls.refresh(tokens, asked)
    remember(handle, outcome.tokens)
    // If this fails, the ledger has the newest set of the chain, and this process its own.
    await keep(handle, held, outcome.tokens).catch(() => {})
    return outcome
  }

  return {
    async deposit(given) {
      refuseForgetful(store.name, store.mayEvict, store.isAlone)
      const tokens = checkedTokenSet(given)
      checkSendable(tokens, provider)
      await ledger.ready()
      const isTrusted = (await lateSet(tokens)) === undefined
      const handle: Handle = `handle_${toBase64url(random.bytes(32))}`
      const held = await read(handle)
      const { authorizedAtMs } = tokens
      const sinceMs = Math.min(authorizedAtMs || Infinity, held.nowMs)
      const stored = { ...tokens, provider: provider.id }
      if (!(await write(held, { tokens: stored, sinceMs, isTrusted }))) {
        // An earlier attempt of the same call may have written it; a handle is never another's.
        if ((await read(handle)).row === undefined) throw new RefreshError('store_unavailable')
      }
      return handle
    },
    async refresh(handle, asked) {
      try {
        return withoutTokens(await refreshHeld(handle, await read(handle), asked))
      } catch (error) {
        const tokens = remembered.get(handle)
        // A store that is down signs no user out.
        if (tokens !== undefined) return withoutTokens(await calls.refresh(tokens, asked))
        return failedOutcome(EMPTY, problemOf(error), provider.id)
      }
    },
    async revoke(handle) {
      try {
        const held = await read(handle)
        if (held.row === undefined) throw new RefreshError('handle_unknown')
        return await end(handle, held, 'revoked')
      } catch (error) {
        const problem = errorOf(problemOf(error), provider.id, undefined)
        return { ended: false, revoked: false, error: problem }
      }
    },
  }
}

/** What an outcome shows of a handle without tokens. */
const EMPTY: TokenSet = { accessToken: '' }

function over(provider: string, code: ErrorCode & (HandleEnd | 'handle_unknown')): Outcome {
  const reason = code === 'handle_unknown' ? 'store_forgot' : ENDS[code]
  return revokedOutcome(EMPTY, errorOf({ code, reason }, provider, undefined))
}

/** An outcome for the holder of a handle: it has nothing to store, and gets no refresh token. */
function withoutTokens(outcome: Outcome): Outcome {
  const { refreshToken: _, grant: __, ...tokens } = outcome.tokens
  return Object.freeze({ ...outcome, tokens, changed: false })
}

/** The later of two sets of one chain. Of one generation, that with the later access token. */
function newer(one: TokenSet, other: TokenSet | undefined): TokenSet {
  if (other === undefined) return one
  const [mine, its] = [grantOf(one)?.generation ?? -1, grantOf(other)?.generation ?? -1]
  if (its !== mine) return its > mine ? other : one
  return (other.obtainedAtMs ?? 0) > (one.obtainedAtMs ?? 0) ? other : one
}

function rowIn(value: unknown): HandleRow {
  if (!isRecord(value) || typeof value['sinceMs'] !== 'number') {
    throw new RefreshError('row_unreadable')
  }
  return { ...value, tokens: checkedTokenSet(value['tokens'] as TokenSet) } as HandleRow
}

/** @throws {TypeError} For a store that may forget a handle, which signs its user out. */
function refuseForgetful(name: string, mayEvict = false, isAlone = true): void {
  const host = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process
  const isProduction = host?.env?.['NODE_ENV'] === 'production'
  if (!mayEvict && (name !== 'memory' || (!isProduction && isAlone))) return
  throw new TypeError(
    `a handle needs a store that forgets nothing before its time, and ${name} may: write ledger: ` +
      '{ store: redisStore(…) }, postgresStore(…) or, for one host, sqliteStore(…) or fileStore(…)',
  )
}
