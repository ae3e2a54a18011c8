import { systemClock, sleep } from '../core/clock.ts'
import type { Store, StoredRow } from '../ledger/store.ts'

/** The two functions of vitest, jest or `node:test` that the contract is told to. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: () => Promise<void>) => unknown
}

/** A store on trial: its rows are its own, and empty. */
export interface Contender {
  readonly store: Store
  /** The same rows by another connection, as another process would hold it. */
  readonly twin?: Store
  /** Lets time pass for the store, milliseconds. Default: waits, as for a clock of its own. */
  readonly pass?: (ms: number) => void | Promise<void>
  /** Called when the trial is over: closes connections, takes the rows away. */
  readonly close?: () => void | Promise<void>
}

const KEY = 'ro1-0123456789abcdef'
const HOUR_MS = 3_600_000
const BYTES = Uint8Array.from({ length: 65_536 }, (_, index) => index)
/** How long a row lives, and most of that: what is left is for a host that is busy. */
const LIVES_MS = 2_000
const MOST_MS = 1_200
/** What is let go by to see a clock move, and the most that it may say of it, milliseconds. */
const PASSED_MS = 40
const PASSED_MAX_MS = 10_000
/** Who waits for a row must hear of a change by then, milliseconds. */
const WAKE_MS = 4_000

/**
 * What every store must do (src/ledger/store.ts), as tests: each is a sentence, and fails for a
 * store that breaks it.
 *
 * ```ts
 * import { describe, it } from 'node:test'
 * storeContract('myStore', async () => ({ store: myStore(await emptyTable()) }), {
 *   describe,
 *   it,
 * })
 * ```
 *
 * @param make Called for each sentence.
 * @param runner Default: the globals `describe` and `it`, as jest has them.
 */
export function storeContract(
  name: string,
  make: () => Contender | Promise<Contender>,
  runner: Runner = globalRunner(),
): void {
  const { describe, it } = runner
  const test = (sentence: string, body: (trial: Trial) => Promise<void>): void =>
    void it(sentence, async () => {
      const { store, twin = store, pass = waiting, close } = await make()
      try {
        await body({ store, twin, pass })
      } finally {
        await close?.()
      }
    })

  describe(`${name} keeps the contract of a store`, () => {
    test('an absent row has version 0 and no value', async ({ store }) => {
      const found = await store.read(KEY)

      stands(found, undefined, 0)
      check(found.nowMs > 0, 'nowMs is the time of day')
    })

    test('a swap of an absent row writes version 1', async ({ store, twin }) => {
      const swapped = await store.swap(KEY, 0, bytes(1), HOUR_MS)

      check(swapped.swapped, 'it swapped')
      stands(swapped, bytes(1), 1)
      stands(await twin.read(KEY), bytes(1), 1)
    })

    test('a swap that expects another version writes nothing', async ({ store, twin }) => {
      await store.swap(KEY, 0, bytes(1), HOUR_MS)
      await store.swap(KEY, 1, bytes(2), HOUR_MS)

      for (const expected of [0, 1, 3]) {
        const late = await twin.swap(KEY, expected, bytes(9), HOUR_MS)
        check(!late.swapped, `nothing was swapped for ${expected}`)
        stands(late, bytes(2), 2)
      }
      const early = await store.swap(`${KEY}0`, 1, bytes(9), HOUR_MS)
      check(!early.swapped, 'nothing was swapped where there is no row')
      stands(early, undefined, 0)
      stands(await twin.read(KEY), bytes(2), 2)
    })

    test('a value that comes back does not bring its version back', async ({ store }) => {
      for (const [expected, value] of [1, 2, 1].entries()) {
        await store.swap(KEY, expected, bytes(value), HOUR_MS)
      }

      stands(await store.read(KEY), bytes(1), 3)
    })

    test('what was written is read at once, by everybody', async ({ store, twin }) => {
      stands(await twin.read(KEY), undefined, 0)
      for (let expected = 0; expected < 6; expected += 1) {
        const [writer, reader] = expected % 2 === 0 ? [store, twin] : [twin, store]
        await writer.swap(KEY, expected, bytes(expected), HOUR_MS)
        stands(await reader.read(KEY), bytes(expected), expected + 1)
        stands(await writer.read(KEY), bytes(expected), expected + 1)
      }
    })

    test('of swaps at once, one wins, and all are told who', async ({ store, twin }) => {
      for (let expected = 0; expected < 5; expected += 1) {
        const swaps = Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? store : twin).swap(KEY, expected, bytes(index), HOUR_MS),
        )
        const found = await Promise.all(swaps)
        const winners = [...found.keys()].filter((index) => found[index]!.swapped)
        check(winners.length === 1, `one won, not ${winners.length}`)
        for (const each of found) stands(each, bytes(winners[0]!), expected + 1)
      }
    })

    test('rows of other keys are left alone', async ({ store }) => {
      await store.swap(KEY, 0, bytes(1), HOUR_MS)
      stands(await store.swap(`${KEY}0`, 0, bytes(2), HOUR_MS), bytes(2), 1)
      stands(await store.swap(`${KEY}0`, 1, bytes(3), HOUR_MS), bytes(3), 2)

      stands(await store.read(KEY), bytes(1), 1)
    })

    test('bytes come back as they were, and are nobody else’s', async ({ store }) => {
      const value = BYTES.slice()
      const swapped = await store.swap(KEY, 0, value, HOUR_MS)
      value.fill(0)
      swapped.value?.fill(0)
      const read = await store.read(KEY)

      stands(read, BYTES, 1)
      read.value?.fill(0)
      stands(await store.read(KEY), BYTES, 1)
    })

    test('a value that becomes shorter leaves nothing behind', async ({ store }) => {
      await store.swap(KEY, 0, BYTES, HOUR_MS)
      await store.swap(KEY, 1, bytes(0), HOUR_MS)

      stands(await store.read(KEY), bytes(0), 2)
    })

    test('a row says when it was written; time does not run backwards', async (trial) => {
      const { store, twin, pass } = trial
      const written = await store.swap(KEY, 0, bytes(1), HOUR_MS)
      const seen = [written, await twin.read(KEY)]
      await pass(PASSED_MS)
      seen.push(await twin.read(KEY), await store.read(KEY))
      seen.push(await twin.swap(KEY, 0, bytes(2), HOUR_MS))

      check(written.writtenAtMs > 0, 'writtenAtMs is set')
      check(written.writtenAtMs <= written.nowMs, 'written before now')
      const isOne = ({ writtenAtMs }: StoredRow): boolean => writtenAtMs === written.writtenAtMs
      check(seen.every(isOne), 'neither reading nor a swap that is refused writes')
      const times = seen.map(({ nowMs }) => nowMs)
      const isSorted = times.every((nowMs, index) => nowMs >= (times[index - 1] ?? 0))
      check(isSorted, 'now does not run backwards, whoever asks')
      const passedMs = times.at(-1)! - times[0]!
      check(passedMs >= PASSED_MS / 2, 'now moves on with time')
      check(passedMs <= PASSED_MAX_MS, 'now is milliseconds')
    })

    test('changed resolves when the row is swapped', async ({ store, twin }) => {
      await store.swap(KEY, 0, bytes(1), HOUR_MS)
      const { signal } = new AbortController()
      const absent = store.changed(`${KEY}0`, 0, signal)
      const present = store.changed(KEY, 1, signal)
      await twin.swap(`${KEY}0`, 0, bytes(1), HOUR_MS)
      await twin.swap(KEY, 1, bytes(2), HOUR_MS)

      await soon(Promise.all([absent, present]))
    })

    test('changed wakes who still waits when another has given up', async ({ store, twin }) => {
      await store.swap(KEY, 0, bytes(1), HOUR_MS)
      const controller = new AbortController()
      const impatient = store.changed(KEY, 1, controller.signal)
      const patient = store.changed(KEY, 1, new AbortController().signal)
      controller.abort()
      await soon(impatient)
      await twin.swap(KEY, 1, bytes(2), HOUR_MS)

      await soon(patient)
    })

    test('changed resolves at once when the row is another already', async ({ store, twin }) => {
      await store.swap(KEY, 0, bytes(1), HOUR_MS)
      await twin.swap(KEY, 1, bytes(2), HOUR_MS)

      await soon(store.changed(KEY, 1, new AbortController().signal))
    })

    test('changed resolves, and does not reject, when the signal aborts', async ({ store }) => {
      const controller = new AbortController()
      const waiting = store.changed(KEY, 0, controller.signal)
      controller.abort()

      await soon(waiting)
      await soon(store.changed(KEY, 0, controller.signal))
    })

    test('a row is absent once its time is over, and begins again', async ({ store, pass }) => {
      await store.swap(KEY, 0, bytes(1), LIVES_MS)
      await pass(MOST_MS)
      await store.swap(KEY, 1, bytes(2), LIVES_MS)
      await pass(MOST_MS)
      stands(await store.read(KEY), bytes(2), 2)
      await pass(MOST_MS)

      stands(await store.read(KEY), undefined, 0)
      const late = await store.swap(KEY, 2, bytes(3), LIVES_MS)
      check(!late.swapped && late.version === 0, 'nothing is swapped where the row is gone')
      stands(await store.swap(KEY, 0, bytes(4), LIVES_MS), bytes(4), 1)
    })
  })
}

type Trial = Required<Pick<Contender, 'store' | 'twin' | 'pass'>>

function globalRunner(): Runner {
  const { describe, it } = globalThis as Partial<Runner>
  if (describe && it) return { describe, it }
  throw new TypeError('pass { describe, it } of your test runner: they are no globals here')
}

const waiting = (ms: number): Promise<void> => sleep(systemClock, ms)

/** Fails when it takes too long, instead of hanging. */
async function soon(wait: Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  const late = sleep(systemClock, WAKE_MS, stop.signal).then(() => 'late')
  const first = await Promise.race([wait, late])
  stop.abort()
  check(first !== 'late', `changed resolves within ${WAKE_MS} ms`)
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}

function stands(found: StoredRow, value: Uint8Array | undefined, version: number): void {
  check(found.version === version, `version is ${version}, not ${found.version}`)
  check(found.value?.length === value?.length, 'the value has its length, or is absent')
  check(value?.every((byte, index) => found.value?.[index] === byte) ?? true, 'every byte is right')
}

function check(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(`Not so: ${sentence}.`)
}
