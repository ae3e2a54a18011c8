import { sleep, type Clock } from '../../core/clock.ts'
import { RefreshError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { isRecord, ownField, toBase64url } from '../../core/text.ts'
import type { Store, StoredRow } from '../../ledger/store.ts'
import { identityOf, storeErrors, watching } from '../shared.ts'
import type { Dialect, SqlValue, Statement } from './dialects.ts'

export interface SqlStore extends Store {
  /** Makes the table if there is none. Safe from any number of processes. */
  migrate(): Promise<void>
}

/** What runs the statements, and how. */
interface SqlRows {
  readonly name: string
  readonly dialect: Dialect
  readonly query: (text: string, values: SqlValue[]) => unknown
  readonly marks: '$1' | '?'
  readonly table: string
  readonly clock: Clock
  readonly random: Random
  /** What tells stores apart that hold different rows. Default: `query`. */
  readonly connection?: object
}

/** One swap in so many deletes rows whose time is over: more than as many swaps can make. */
const SWEEP_CHANCE = 1 / 50

/** How often a statement is sent that had no effect, and for how long the first pause is. */
const TRIES_MAX = 6
const PAUSE_MS = 5

const WITHIN =
  'A transaction is open, or autocommit is off, where query() runs: give the store a pool, or a ' +
  'connection of its own.'
const STANDBY = 'This server is read-only, so its rows may be old: connect to the primary.'
const NO_ROWS =
  'query() gave no rows: let it resolve to a list of objects, or to what the client gives.'
const NO_BYTES = 'query() gave no bytes for a column of bytes: does the client make text of them?'

/** The rows of one table, by a function that runs one statement. */
export function sqlRows({ connection, ...options }: SqlRows): SqlStore {
  const { name, dialect, marks, table, clock, random } = options
  const known = storeErrors(name, dialect.errors)
  const codeOf = (error: unknown): string | undefined =>
    causesOf(error)
      .map((each) => dialect.errors.codeOf(each))
      .find((code) => code !== undefined)

  /** @throws {unknown} What the client threw. A statement that had no effect is sent again. */
  async function send({ text, values }: Statement): Promise<readonly object[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        const sendable = values.map(asBuffer)
        const [told, given] = marks === '$1' ? [text, sendable] : spelled(text, sendable)
        return rowsOf(await options.query(told, given))
      } catch (error) {
        const isAgain = dialect.again.has(codeOf(error) ?? '')
        if (!isAgain || tries === TRIES_MAX) throw error
        await sleep(clock, PAUSE_MS * 2 ** tries * (0.5 + random.fraction()))
      }
    }
  }

  const errorFrom = (error: unknown): RefreshError => {
    const causes = causesOf(error)
    const coded = causes.find((each) => dialect.errors.codeOf(each) !== undefined)
    return known(coded ?? new Error(causes.map((each) => messageOf(each)).join(' ')))
  }
  const unavailable = (hint: string): RefreshError =>
    new RefreshError('store_unavailable', { store: name, hint })

  async function run(statement: Statement): Promise<readonly object[]> {
    try {
      return await send(statement)
    } catch (error) {
      throw errorFrom(error)
    }
  }

  /** The row, and who wrote it, where the dialect needs to know. */
  async function look(statement: Statement): Promise<{ stored: StoredRow; writer: unknown }> {
    const [row] = await run(statement)
    if (row === undefined || ownField(row, 'now_ms') === undefined) throw unavailable(NO_ROWS)
    if (isTrue(ownField(row, 'is_within'))) throw unavailable(WITHIN)
    if (isTrue(ownField(row, 'is_standby'))) throw unavailable(STANDBY)
    const value = ownField(row, 'value')
    const bytes = value == null ? undefined : bytesOf(value)
    if (value != null && bytes === undefined) throw unavailable(NO_BYTES)
    return {
      stored: {
        ...(bytes && { value: bytes }),
        version: Number(ownField(row, 'version') ?? 0),
        writtenAtMs: Number(ownField(row, 'written_ms') ?? 0),
        nowMs: Number(ownField(row, 'now_ms')),
      },
      writer: ownField(row, 'writer'),
    }
  }

  const read = async (key: string): Promise<StoredRow> => (await look(dialect.read(key))).stored

  /** The rows of a swap; none if it lost. */
  async function write(statement: Statement): Promise<readonly object[]> {
    try {
      return await send(statement)
    } catch (error) {
      if (dialect.lost.has(codeOf(error) ?? '')) return []
      throw errorFrom(error)
    }
  }

  return {
    name,
    id: `${name} ${identityOf(connection ?? options.query)} ${table}`,
    read,
    async swap(key, expected, value, ttlMs) {
      const writer = toBase64url(random.bytes(12))
      const swap = { key, expected, value, ttlMs: Math.ceil(ttlMs), writer }
      const [row] = await write(dialect.write(swap))
      if (dialect.readAfter !== undefined) {
        const found = await look(dialect.readAfter(key))
        const swapped = found.writer === writer
        if (swapped) sweepSometimes()
        return { ...found.stored, swapped }
      }
      if (row === undefined) return { ...(await read(key)), swapped: false }
      sweepSometimes()
      const writtenAtMs = Number(ownField(row, 'written_ms'))
      const stored = { value: value.slice(), version: expected + 1, writtenAtMs }
      return { ...stored, nowMs: writtenAtMs, swapped: true }
    },
    changed: watching(read, { clock, random }),
    async migrate() {
      for (let tries = 1; !(await isMade()); tries += 1) {
        try {
          for (const text of dialect.schema) await send({ text, values: [] })
          return
        } catch (error) {
          // Another process may have made the table at the same time.
          if (tries === TRIES_MAX) throw errorFrom(error)
          await sleep(clock, PAUSE_MS * 2 ** tries)
        }
      }
    },
  }

  async function isMade(): Promise<boolean> {
    try {
      return (await send({ text: dialect.probe, values: [] })).length > 0
    } catch {
      return false
    }
  }

  /** No call waits for it; rows that it leaves are deleted by a later one. */
  function sweepSometimes(): void {
    if (random.fraction() < SWEEP_CHANCE) send(dialect.sweep).catch(() => {})
  }
}

/** The statement with `?` at each place of a value, and the values in that order. */
function spelled(text: string, values: SqlValue[]): [string, SqlValue[]] {
  if (!/\$\d/.test(text)) return [text, values]
  const ordered: SqlValue[] = []
  const told = text.replaceAll(/\$(\d)/g, (_, place: string) => {
    ordered.push(values[Number(place) - 1]!)
    return '?'
  })
  return [told, ordered]
}

/** Clients of Node take bytes as `Buffer` only. */
function asBuffer(value: SqlValue): SqlValue {
  if (typeof value !== 'object' || typeof Buffer === 'undefined') return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** The rows in what a client gives. A statement that gives none may be answered by anything. */
function rowsOf(result: unknown): readonly object[] {
  if (Array.isArray(result)) {
    const [first] = result as unknown[]
    if (Array.isArray(first)) return first.filter(isRecord)
    return isRecord(first) && 'affectedRows' in first ? [] : result.filter(isRecord)
  }
  const rows = isRecord(result) ? (result['rows'] ?? result['results']) : undefined
  return Array.isArray(rows) ? rows.filter(isRecord) : []
}

/** A copy of the bytes: a `Buffer`, an `ArrayBuffer` (libsql), or a list of numbers (D1). */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value).slice()
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : undefined
}

const isTrue = (value: unknown): boolean => value === true || Number(value ?? 0) === 1

const messageOf = (error: unknown): string => String(ownField(Object(error) as object, 'message'))

/** Where ORMs keep what the client threw. */
const CAUSES = ['cause', 'original', 'driverError', 'driverAdapterError', 'meta'] as const
const CAUSES_MAX = 12

/** An error, and those that it was made of. */
function causesOf(error: unknown): readonly unknown[] {
  const all = [error]
  for (let at = 0; at < all.length && all.length < CAUSES_MAX; at += 1) {
    const from = Object(all[at]) as object
    for (const name of CAUSES) {
      const value = ownField(from, name)
      if (isRecord(value) && !all.includes(value)) all.push(value)
    }
  }
  return all
}
