import { isRecord } from '../../core/decode-body.ts'
import { PROBLEMS, type ErrorCode } from '../../core/errors.ts'
import type { OutcomeState } from '../../core/outcome.ts'
import type { Presentation } from '../../core/presentation.ts'
import { ownField } from '../../core/read-field.ts'
import type { RefreshEvent } from '../../index.ts'
import { FINGERPRINT } from './options.ts'

/**
 * One event of a journal. Only what is checked is taken over: a journal is a file that others may
 * have written into, and what is printed of it must be harmless.
 */
export interface Entry {
  readonly type: RefreshEvent['type']
  readonly atMs: number
  /** Who told it, where the logger says so: `host/pid`. */
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
  replay: true,
  revoked: true,
  handed_over: true,
  ledger_lost: true,
  buried: true,
  expiresSoon: true,
  ended: true,
}

const OUTCOMES = ['granted', 'rejected', 'refused', 'deferred', 'unknown'] as const
const STATES = ['fresh', 'expiring', 'rotated', 'revoked', 'error'] as const
const CODES = Object.keys(PROBLEMS) as ErrorCode[]

/** An event out of a line's JSON: at its top, or in one of its members. Else `undefined`. */
export function entryIn(line: unknown): Entry | undefined {
  if (!isRecord(line)) return undefined
  const about = isEvent(line) ? line : Object.values(line).find(isEvent)
  return about && read(about, processOf(line))
}

function isEvent(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  const type = ownField(value, 'type')
  return (
    typeof type === 'string' && Object.hasOwn(TYPES, type) && number(value, 'atMs') !== undefined
  )
}

function read(event: Record<string, unknown>, process: string | undefined): Entry {
  return {
    type: event['type'] as Entry['type'],
    atMs: number(event, 'atMs')!,
    process,
    token: fingerprint(event, 'token'),
    grant: fingerprint(event, 'grant'),
    generation: number(event, 'generation'),
    outcome: word(event, 'outcome', OUTCOMES),
    state: word(event, 'state', STATES),
    code: word(event, 'code', CODES),
    status: number(event, 'status'),
    isSpent: truth(event, 'isSpent'),
    isRevoked: truth(event, 'revoked'),
    times: number(event, 'times') ?? 1,
    durationMs: number(event, 'durationMs') ?? 0,
  }
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
