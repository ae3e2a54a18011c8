import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { UsageError } from '../args.ts'
import { isRecord, ownField } from '../../core/text.ts'
import { PROBLEMS, type ErrorCode } from '../../core/errors.ts'
import type { OutcomeState } from '../../core/outcome.ts'
import type { Presentation } from '../../core/failure.ts'
import type { RefreshEvent } from '../../index.ts'

/** The lines of a journal, by what they are. */
export interface LineCounts {
  events: number
  /** Those of which something could not be read: how a presentation, or a call, ended. */
  unread: number
  /** Lines that were there already, to the letter. */
  repeated: number
  /** JSON that is no event of ours, and text. */
  foreign: number
  /** Lines that begin like JSON and break off. */
  broken: number
}

/** Longer lines are no events. */
const LINE_MAX = 64 * 1024

/**
 * Reads journals one after the other, line by line: only a part of a file is in memory at a time.
 * What is delivered twice counts once.
 *
 * @returns The lines that were there.
 * @throws {UsageError} For a file that cannot be read.
 */
export async function readJournals(
  files: readonly string[],
  take: (entry: Entry) => void,
): Promise<LineCounts> {
  const tally: LineCounts = { events: 0, unread: 0, repeated: 0, foreign: 0, broken: 0 }
  const seen = new Set<string>()
  const see = (line: string): void => {
    const found = entryOf(line)
    if (typeof found === 'string') tally[found] += 1
    if (typeof found !== 'object') return
    const digest = createHash('sha1').update(line).digest('binary')
    if (seen.has(digest)) return void (tally.repeated += 1)
    seen.add(digest)
    tally.events += 1
    if (isUnread(found)) tally.unread += 1
    take(found)
  }
  for (const file of files) {
    try {
      await readLines(file, see)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === undefined) throw error
      throw new UsageError(`${file} cannot be read (${code})`, { cause: error })
    }
  }
  return tally
}

async function readLines(file: string, see: (line: string) => void): Promise<void> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop()!
    for (const line of lines) see(line)
    // A line that is too long is counted, and not read.
    if (rest.length > LINE_MAX) rest = rest.slice(0, LINE_MAX)
  }
  see(rest)
}

function isUnread({ type, outcome, state }: Entry): boolean {
  return (type === 'presented' && !outcome) || (type === 'ended' && !state)
}

function entryOf(line: string): Entry | 'foreign' | 'broken' | undefined {
  const text = line.trim()
  if (text === '') return undefined
  if (!text.startsWith('{')) return 'foreign'
  try {
    return entryIn(JSON.parse(text)) ?? 'foreign'
  } catch {
    return 'broken'
  }
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
  readonly status: number | undefined
  readonly isSpent: boolean | undefined
  readonly isRevoked: boolean | undefined
  readonly times: number
  readonly durationMs: number
}

const TYPES: { readonly [T in Entry['type']]: true } = {
  claimed: true,
  presented: true,
  served: true,
  reuse_detected: true,
  revoked: true,
  handed_over: true,
  ledger_lost: true,
  tokens_revoked: true,
  expires_soon: true,
  ended: true,
}

const OUTCOMES = ['granted', 'rejected', 'refused', 'deferred', 'unknown'] as const
const STATES = ['fresh', 'expiring', 'rotated', 'revoked', 'error'] as const
const CODES = Object.keys(PROBLEMS) as ErrorCode[]

/** An event out of a line's JSON: at its top, or in one of its members. Else `undefined`. */
function entryIn(line: unknown): Entry | undefined {
  if (!isRecord(line)) return undefined
  const about = isEvent(line) ? line : Object.values(line).find(isEvent)
  return about && read(about, processOf(line))
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
    number(value, 'atMs') !== undefined
  )
}

function read(event: Record<string, unknown>, process: string | undefined): Entry {
  return {
    type: nameNow(event['type'] as string) as Entry['type'],
    atMs: number(event, 'atMs')!,
    process,
    token: fingerprint(event, 'token'),
    grant: fingerprint(event, 'grant'),
    generation: number(event, 'generation'),
    outcome: word(event, 'outcome', OUTCOMES),
    state: word(event, 'state', STATES),
    code: codeIn(event),
    status: number(event, 'status'),
    isSpent: truth(event, 'isSpent'),
    isRevoked: truth(event, 'revoked'),
    times: number(event, 'times') ?? 1,
    durationMs: number(event, 'durationMs') ?? 0,
  }
}

function codeIn(event: Record<string, unknown>): ErrorCode | undefined {
  const code = ownField(event, 'code')
  return CODES.find((each) => typeof code === 'string' && each === nameNow(code))
}

/** As pino and bunyan name them. */
function processOf(line: Record<string, unknown>): string | undefined {
  const pid = number(line, 'pid')
  const host = ownField(line, 'hostname')
  const isName = typeof host === 'string' && /^[\w.-]{1,64}$/.test(host)
  if (pid === undefined) return undefined
  return isName ? `${host}/${pid}` : `${pid}`
}

function number(from: object, name: string): number | undefined {
  const value = ownField(from, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
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
