/** The contents of a row. */
export interface StoredRow {
  /** Absent when the row is. */
  readonly value?: Uint8Array
  /** 0 when the row is absent; else 1 for its first value and one more for each swap. */
  readonly version: number
  /** When the value was written, on the store's clock, epoch milliseconds. 0 when absent. */
  readonly writtenAtMs: number
  /** What the store's clock says now, epoch milliseconds. */
  readonly nowMs: number
}

/**
 * How long rows live of a token that the AS refused when it first saw it: made-up tokens must not
 * fill a store. No other row has exactly this time to live, so a store that is full may drop these
 * early: such a token is only refused again.
 */
export const EXPENDABLE_MS = 5 * 60 * 1000 - 1

/**
 * Where the ledger's rows live: one linearizable compare-and-swap register a key.
 *
 * Three methods, no more: a store knows nothing of tokens, claims or grants. A method that cannot
 * do its work rejects (with a `RefreshError` of code `store_full` when it is that); it never
 * answers from a cache, and never forgets a row before its time.
 */
export interface Store {
  /** Names the store in errors: `memory`, `redis`, … */
  readonly name: string
  /** Tells stores of one name apart that hold different rows. Default: the name. */
  readonly id?: string
  /**
   * Whether the store may drop rows before their time (a cache). Such a store needs one more round
   * trip, and can still break the promise: see docs/decisions/0009. Default `false`.
   */
  readonly mayEvict?: boolean
  /**
   * `false` if other processes that serve this application seem to have rows of their own. A
   * refresh token that the AS refuses may then have been presented there. Default `true`.
   */
  readonly isAlone?: boolean
  /** Reads a row. A row past its time to live is absent. */
  read(key: string): Promise<StoredRow>
  /**
   * Writes iff the row's version is still `expected` (0: absent); the version becomes `expected +
   * 1`. Resolves to what the row holds now, whichever process wrote it.
   *
   * @param ttlMs How long the row lives from now on, in milliseconds.
   */
  swap(
    key: string,
    expected: number,
    value: Uint8Array,
    ttlMs: number,
  ): Promise<StoredRow & { readonly swapped: boolean }>
  /**
   * Resolves when the row may have changed from `version`, or the signal aborts. A hint: may poll,
   * may lie. Never rejects because of the signal.
   */
  changed(key: string, version: number, signal: AbortSignal): Promise<void>
}
