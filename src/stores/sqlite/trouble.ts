import { isRefreshError, RefreshError } from '../../core/errors.ts'
import { ownField } from '../../core/read-field.ts'

const STORE = 'sqlite'

/** Primary result codes of SQLite, and what to do. @see https://www.sqlite.org/rescode.html */
const HINTS: Readonly<Record<number, string>> = {
  5: 'The database is locked: another process holds a long transaction.',
  6: 'The table is locked by another statement of this connection.',
  8: 'The database is read-only: look at the permissions of file and folder.',
  10: 'The disk failed.',
  11: 'The database is damaged.',
  14: 'The file cannot be opened: does its folder exist?',
  23: 'It may not be opened by this process.',
  26: 'The file is no database.',
}
/** The same codes, as better-sqlite3 names them. */
const NAMES: Readonly<Record<string, number>> = {
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_AUTH: 23,
  SQLITE_NOTADB: 26,
}
const FULL = 13

/** What went wrong, and what to do about it. */
export function troubleOf(error: unknown): RefreshError {
  if (isRefreshError(error)) return error
  const code = resultCodeOf(error)
  if (code === FULL) {
    return new RefreshError('store_full', { store: STORE, hint: 'The disk is full.' })
  }
  const hint = (code !== undefined && HINTS[code]) || 'It cannot be used: was it closed?'
  return new RefreshError('store_unavailable', { store: STORE, hint })
}

/** The primary result code. Extended ones have it in their low byte, or begin with its name. */
function resultCodeOf(error: unknown): number | undefined {
  const from = Object(error) as object
  const number = ownField(from, 'errcode')
  if (typeof number === 'number') return number & 0xff
  const name = String(ownField(from, 'code'))
  return NAMES[Object.keys(NAMES).find((each) => name.startsWith(each)) ?? '']
}
