import { ownField } from '../../core/text.ts'
import type { KnownErrors } from '../shared.ts'

/** Primary result codes of SQLite, and what to do. @see https://www.sqlite.org/rescode.html */
const HINTS: Readonly<Record<string, string>> = {
  5: 'The database is locked: another process holds a long transaction.',
  6: 'The table is locked by another statement of this connection.',
  8: 'The database is read-only: look at the permissions of file and folder.',
  10: 'The disk failed.',
  11: 'The database is damaged.',
  14: 'The file cannot be opened: does its folder exist?',
  23: 'It may not be opened by this process.',
  26: 'The file is no database.',
}
/** The same codes, as better-sqlite3 and libsql name them. */
const NAMES: Readonly<Record<string, string>> = {
  SQLITE_BUSY: '5',
  SQLITE_LOCKED: '6',
  SQLITE_READONLY: '8',
  SQLITE_IOERR: '10',
  SQLITE_CORRUPT: '11',
  SQLITE_FULL: '13',
  SQLITE_CANTOPEN: '14',
  SQLITE_AUTH: '23',
  SQLITE_NOTADB: '26',
}

export const SQLITE_ERRORS: KnownErrors = {
  codeOf: resultCodeOf,
  hints: HINTS,
  full: { 13: 'The disk is full.' },
  otherwise: () => 'It cannot be used: was it closed?',
}

/** The primary result code. Extended ones have it in their low byte, or begin with its name. */
function resultCodeOf(error: unknown): string | undefined {
  const from = Object(error) as object
  const number = ownField(from, 'errcode')
  if (typeof number === 'number') return String(number & 0xff)
  const name = String(ownField(from, 'code'))
  return NAMES[Object.keys(NAMES).find((each) => name.startsWith(each)) ?? '']
}
