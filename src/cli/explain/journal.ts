import { createHash } from 'node:crypto'
import { bare, namedBefore, objectsIn, whyNone, type JournalFile, type NoEvent } from './lines.ts'
import { isRecord, ownField } from '../../core/text.ts'
import { PROBLEMS, REASONS, type ErrorCode, type Reason } from '../../core/errors.ts'
import type { OutcomeState } from '../../core/outcome.ts'
import type { Presentation } from '../../core/failure.ts'
import type { RefreshEvent } from '../../index.ts'

/** The lines of a journal, by what they are. */
export interface LineCounts extends Record<NoEvent, number> {
  events: number
  /** Those of which something could not be read: how a presentation, or a call, ended. */
  unread: number
  /** Lines that were there already, to the letter. */
  repeated: number
}

/**
 * Reads journals one after the other. What is delivered twice counts once.
 *
 * @returns The lines that were there.
 * @throws {UsageError} For a file that cannot be read.
 */
export async function readJournals(
  files: readonly JournalFile[],
  take: (entry: Entry) => void,
): Promise<LineCounts> {
  const reasons = { foreign: 0, broken: 0, printed: 0, spread: 0, long: 0 }
  const tally: LineCounts = { events: 0, unread: 0, repeated: 0, ...reasons }
  const seen = new Set<string>()
  const see = (raw: string): void => {
    const line = bare(raw)
    if (line === '') return
    const values = objectsIn(line)
    const found = values.flatMap((value) => entriesIn(value, namedBefore(line)))
    if (found.length === 0) return void (tally[whyNone(line, values)] += 1)
    const digest = createHash('sha1').update(line).digest('binary')
    if (seen.has(digest)) return void (tally.repeated += found.length)
    seen.add(digest)
    for (const entry of found) {
      tally.events += 1
      if (isUnread(entry)) tally.unread += 1
      take(entry)
    }
  }
  for (const file of files) await file.read(see)
  return tally
}

function isUnread({ type, outcome, state }: Entry): boolean {
  return (type === 'presented' && !outcome) || (type === 'ended' && !state)
}

/** The form of a fingerprint: 8 characters of base64url. */
export const FINGERPRINT = /^[\w-]{8}$/

/**
 * One event of a journal. Only what is checked is taken over: a journal is a file that others may
 * have written into, and what is printed of it must be harmless.
 */
export interface Entry {
  readonly type: RefreshEvent['type']
  readonly atMs: number
  /** The process that told it, if the logger says so: `host/pid`. */
  readonly process: string | undefined
  readonly token: string | undefined
  readonly grant: string | undefined
  readonly generation: number | undefined
  readonly outcome: Presentation['outcome'] | undefined
  readonly state: OutcomeState | undefined
  readonly code: ErrorCode | undefined
  /** Why the user had to sign in again. */
  readonly reason: Reason | undefined
  readonly generationsLate: number | undefined
  readonly lateMs: number | undefined
  readonly status: number | undefined
  readonly isSpent: boolean | undefined
  readonly isRevoked: boolean | undefined
  /** Whether the server, asked about the token, called it good. */
  readonly isGood: boolean
  readonly times: number
  readonly durationMs: number
}

const TYPES: { readonly [T in Entry['type']]: true } = {
  claimed: true,
  presented: true,
  introspected: true,
  served: true,
  reuse_detected: true,
  revoked: true,
  paused: true,
  grant_ignored: true,
  handed_over: true,
  ledger_lost: true,
  endpoint_changed: true,
  tokens_revoked: true,
  expires_soon: true,
  ended: true,
}

const OUTCOMES = ['granted', 'rejected', 'refused', 'deferred', 'unknown'] as const
const STATES = ['fresh', 'expiring', 'rotated', 'revoked', 'error'] as const
const CODES = Object.keys(PROBLEMS) as ErrorCode[]

/** A collector may put the line of a logger, which holds the event, deep into lists of its own. */
const DEPTH_MAX = 10

/** The events in a line's JSON: the value itself, or members, also those that hold JSON as text. */
function entriesIn(value: unknown, process: string | undefined, depth = 0): readonly Entry[] {
  if (Array.isArray(value)) {
    const text = textOf(value)
    const members = text === undefined ? (value as unknown[]) : [text]
    const inner = members.flatMap((each) => {
      return typeof each === 'string' ? objectsIn(bare(each)) : [each]
    })
    return inner.flatMap((each) => (depth < DEPTH_MAX ? entriesIn(each, process, depth + 1) : []))
  }
  if (!isRecord(value)) return []
  const by = processOf(value) ?? process
  if (isEvent(value)) return [read(value, by)]
  if (depth === DEPTH_MAX) return []
  return Object.values(value).flatMap((member) => {
    const inner = typeof member === 'string' ? objectsIn(bare(member)) : [member]
    return inner.flatMap((each) => entriesIn(each, by, depth + 1))
  })
}

/** journalctl prints a line with colours as the list of its bytes. */
function textOf(value: readonly unknown[]): string | undefined {
  const isBytes = value.length > 1 && value.every((each) => Number.isInteger(each))
  return isBytes ? new TextDecoder().decode(Uint8Array.from(value as number[])) : undefined
}

/** Names of 0.1.0, which journals may still hold, and what they are called now. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  replay: 'reuse_detected',
  buried: 'tokens_revoked',
  expiresSoon: 'expires_soon',
}

const nameNow = (name: string): string => OLD_NAMES[name] ?? name

function isEvent(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  const type = ownField(value, 'type')
  return (
    typeof type === 'string' &&
    Object.hasOwn(TYPES, nameNow(type)) &&
    Math.abs(number(value, 'atMs') ?? Infinity) <= TIME_MAX
  )
}

/** ECMA-262 §21.4.1.1: no `Date` is further from 1970, milliseconds. */
const TIME_MAX = 8.64e15

function read(event: Record<string, unknown>, process: string | undefined): Entry {
  return {
    type: nameNow(event['type'] as string) as Entry['type'],
    atMs: number(event, 'atMs')!,
    process,
    token: fingerprint(event, 'token'),
    grant: fingerprint(event, 'grant'),
    generation: count(event, 'generation'),
    outcome: word(event, 'outcome', OUTCOMES),
    state: word(event, 'state', STATES),
    code: codeIn(event),
    reason: word(event, 'reason', Object.keys(REASONS) as Reason[]),
    generationsLate: count(event, 'generationsLate'),
    lateMs: count(event, 'lateMs'),
    status: count(event, 'status'),
    isSpent: truth(event, 'isSpent'),
    isRevoked: truth(event, 'revoked'),
    isGood: word(event, 'says', ['active']) !== undefined,
    times: count(event, 'times') ?? 1,
    durationMs: Math.min(Math.max(number(event, 'durationMs') ?? 0, 0), TIME_MAX),
  }
}

function codeIn(event: Record<string, unknown>): ErrorCode | undefined {
  const code = ownField(event, 'code')
  return CODES.find((each) => typeof code === 'string' && each === nameNow(code))
}

/** As pino and bunyan name them. */
function processOf(line: Record<string, unknown>): string | undefined {
  const pid = count(line, 'pid')
  const host = ownField(line, 'hostname')
  const isName = typeof host === 'string' && /^[\w.-]{1,64}$/.test(host)
  if (pid === undefined) return undefined
  return isName ? `${host}/${pid}` : `${pid}`
}

function number(from: object, name: string): number | undefined {
  const value = ownField(from, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function count(from: object, name: string): number | undefined {
  const value = number(from, name)
  return Number.isSafeInteger(value) && value! >= 0 ? value : undefined
}

function truth(from: object, name: string): boolean | undefined {
  const value = ownField(from, name)
  return typeof value === 'boolean' ? value : undefined
}

function fingerprint(from: object, name: string): string | undefined {
  const value = ownField(from, name)
  return typeof value === 'string' && FINGERPRINT.test(value) ? value : undefined
}

function word<W extends string>(from: object, name: string, known: readonly W[]): W | undefined {
  const value = ownField(from, name)
  return known.find((each) => each === value)
}
