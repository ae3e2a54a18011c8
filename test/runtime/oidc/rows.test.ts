import { describe, expect, it } from 'vitest'
import type { Refresher, TokenSet } from '../../../src/index.ts'
import type { Stored } from '../../../src/ledger/store.ts'
import { HOUR_MS, world } from '../world.ts'
import type { World } from '../world.ts'

interface Chain extends World {
  /** Set by set, oldest first; the newest access token is dead. */
  readonly sets: TokenSet[]
  readonly refresher: Refresher
  /** Keys of the rows that the newest set's holder meets. */
  readonly met: string[]
  /** Undoes what a probe may write: the claim of the newest token. */
  presentations(): number
}

/** Two generations, and the row keys that a refresh of the newest one reads. */
async function chain(): Promise<Chain> {
  const made = await world()
  const refresher = made.process({ staleHolders: 'serve' })
  const sets: TokenSet[] = [await made.signIn()]
  for (let i = 0; i < 2; i += 1) {
    made.expire()
    sets.push((await refresher.refresh(sets.at(-1)!)).tokens)
  }
  made.expire()
  return {
    ...made,
    sets,
    refresher,
    met: [...made.store.history.keys()],
    presentations: () => made.server.counts().presentations,
  }
}

describe('a byte of the store that was changed', () => {
  it('is noticed wherever it stands: nothing presented, nobody signed out, nothing lost', async () => {
    const { sets, store, refresher, met, presentations, clock } = await chain()
    const before = presentations()
    const holder = { ...sets[1]! }
    let flips = 0

    for (const key of met) {
      const { value } = await store.read(key)
      for (let at = 0; at < value!.length; at += 1) {
        store.forge = (forged, stored) =>
          forged === key && stored.value ? { ...stored, value: flipped(stored.value, at) } : stored
        const wrote = store.writes.length
        const outcome = await refresher.refresh(holder)
        if (outcome.error === undefined) {
          // The row is not of those that this holder needs.
          expect(outcome.usable).toBe(false)
          break
        }
        expect(outcome).toMatchObject({ signIn: false, error: { code: 'row_unreadable' } })
        expect(outcome.tokens.refreshToken).toBe(holder.refreshToken)
        expect(store.writes.length).toBe(wrote)
        flips += 1
        if (flips > 5_000) throw new Error('too many')
      }
    }
    store.forge = undefined
    clock.advance(HOUR_MS)

    expect(flips).toBeGreaterThan(100)
    expect(presentations()).toBe(before)
    expect(await refresher.refresh(sets[2]!)).toMatchObject({ state: 'rotated', usable: true })
  })
})

function flipped(value: Uint8Array, at: number): Uint8Array {
  const forged = value.slice()
  forged[at]! ^= 1 << (at % 8)
  return forged
}

export type { Stored }
