import { checkOptions, having, needed } from '../../core/check-options.ts'
import { systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { isRecord, toBase64url } from '../../core/text.ts'
import { isRefreshError, RefreshError } from '../../index.ts'
import type { Refresher, RevokeOutcome, Store, TokenSet } from '../../index.ts'
import { createSealer } from '../../ledger/sealer.ts'
import type { RowKeys } from '../../ledger/sealer.ts'
import { callStore } from '../../ledger/store-call.ts'
import type { HandleRefresher } from './options.ts'

/** How long a set stays in its row after the last renewal: as long as a grant row does. */
const LIVES_MS = 30 * 86_400_000

/** How long a call of the store may take, milliseconds. */
const STORE_MS = 5_000

/** 32 bytes as base64url. */
const HANDLE = /^[\w-]{43}$/

interface Held {
  readonly keys: RowKeys
  readonly tokens: TokenSet
  readonly version: number
}

/**
 * Keeps token sets in a store, each under a handle: a random name that never changes. A row is
 * sealed with a key that only its handle gives, so a copy of the store holds no token.
 *
 * @param store That of the ledger, or another one. It must be shared by all processes.
 */
export function withHandles(refresher: Refresher, store: Store): HandleRefresher {
  checkOptions(
    'withHandles',
    { refresher, store },
    {
      refresher: needed(having('createRefresher(…)', 'refresh', 'revoke')),
      store: needed(having('the store of the ledger', 'read', 'swap', 'changed')),
    },
  )
  const sealer = createSealer()
  const keysOf = (handle: string): Promise<RowKeys> =>
    sealer.derive('grant', new Secret(`handle ${handle}`))

  async function write({ keys, tokens, version }: Held): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(tokens))
    const sealed = await keys.seal(body, version + 1)
    await callStore(store, systemClock, STORE_MS, () =>
      store.swap(keys.key, version, sealed, LIVES_MS),
    )
  }

  async function read(handle: string): Promise<Held | undefined> {
    if (!HANDLE.test(handle)) return undefined
    const keys = await keysOf(handle)
    const { value, version } = await callStore(store, systemClock, STORE_MS, () =>
      store.read(keys.key),
    )
    const body = value && (await keys.open(value, version))
    const tokens: unknown = body && JSON.parse(new TextDecoder().decode(body))
    return isRecord(tokens) ? { keys, tokens: tokens as unknown as TokenSet, version } : undefined
  }

  return {
    provider: refresher.provider,
    async deposit(tokens) {
      const handle = toBase64url(systemRandom.bytes(32))
      const keys = await keysOf(handle)
      await write({ keys, tokens, version: 0 })
      return handle
    },
    async refresh(handle, asked) {
      const held = await read(handle)
      if (held === undefined) return undefined
      const outcome = await refresher.refresh(held.tokens, asked)
      if (outcome.changed) {
        // If it fails, or another process was faster: the ledger has the newest set of the chain.
        await write({ ...held, tokens: outcome.tokens }).catch(() => {})
      }
      return outcome
    },
    async revoke(handle): Promise<RevokeOutcome> {
      try {
        const held = await read(handle)
        if (held === undefined) return { ended: true, revoked: false, error: undefined }
        return await refresher.revoke(held.tokens)
      } catch (error) {
        const known = isRefreshError(error) ? error : new RefreshError('internal')
        return { ended: false, revoked: false, error: known }
      }
    },
  }
}
