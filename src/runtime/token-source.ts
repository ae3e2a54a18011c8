import { checkOptions, func, having, needed } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { Outcome } from '../core/outcome.ts'
import { RefreshError } from '../core/errors.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { RefreshOptions } from './options.ts'
import type { Refresher } from './refresher.ts'

/** Where an application keeps its token sets. */
export interface TokenStorage<K, T extends TokenSet> {
  /** `undefined` or `null`: there is no set under the key. */
  load(key: K): Promise<T | null | undefined>
  /** `previous` is the set that was loaded, for a compare-and-set; losing that race is no error. */
  save(key: K, next: T, previous: T): Promise<void>
}

/** The loop of load, refresh and save. Made by {@link tokenSource}. */
export interface TokenSource<K, T extends TokenSet> {
  /**
   * A usable access token.
   *
   * @throws {RefreshError} The outcome's error, when none is usable; `no_tokens` when the key has
   *   no set.
   */
  accessToken(key: K, options?: RefreshOptions): Promise<string>
  /** The whole outcome; `undefined` without a set. Rejects only as `load` or `save` do. */
  get(key: K, options?: RefreshOptions): Promise<Outcome<T> | undefined>
}

const REFRESHER = needed(having('createRefresher(…)', 'refresh'))

const STORAGE: TableOf<TokenStorage<unknown, TokenSet>> = { load: needed(func), save: needed(func) }

/** For applications that keep token sets under a key, in a database of theirs. */
export function tokenSource<K, T extends TokenSet>(
  refresher: Refresher,
  storage: TokenStorage<K, T>,
): TokenSource<K, T> {
  checkOptions('tokenSource', { refresher }, { refresher: REFRESHER })
  checkOptions('tokenSource', storage, STORAGE)
  const { load, save } = storage
  async function get(key: K, options?: RefreshOptions): Promise<Outcome<T> | undefined> {
    const tokens = await load(key)
    if (tokens == null) return undefined
    const outcome = await refresher.refresh(tokens, options)
    if (outcome.changed) await save(key, outcome.tokens, tokens)
    return outcome
  }
  return {
    get,
    async accessToken(key, options) {
      const outcome = await get(key, options)
      if (outcome === undefined) throw new RefreshError('no_tokens')
      if (outcome.accessToken === undefined) throw outcome.error ?? new RefreshError('internal')
      return outcome.accessToken
    },
  }
}
