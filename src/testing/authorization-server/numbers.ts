import type { Random } from '../../core/random.ts'

/**
 * Numbers that look random and are the same for the same seed (mulberry32). Good for tests, and for
 * nothing else.
 */
export function numbersFrom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** Randomness that a seed rules. */
export function randomFrom(seed: number): Random {
  const next = numbersFrom(seed)
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let index = 0; index < length; index += 1) bytes[index] = next() & 255
      return bytes
    },
    fraction: () => next() / 2 ** 32,
  }
}
