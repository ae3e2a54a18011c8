/** Randomness, as everything here asks for it. A test or a simulator passes its own. */
export interface Random {
  /** Unpredictable bytes. */
  bytes(length: number): Uint8Array
  /** A number from 0 up to, not including, 1; for jitter only. */
  fraction(): number
}

/**
 * Asked of the system each time, never ahead: a pool that a snapshot of the process is restored
 * with would give two of them the same claim.
 */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fraction: () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
}
