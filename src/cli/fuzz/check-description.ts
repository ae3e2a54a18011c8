import { isRecord } from '../../core/decode-body.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { Misused } from '../misused.ts'

/** What the axes of a description may be. */
const AXES: { readonly [K in keyof Required<ServerDescription>]: Axis } = {
  name: { words: [], or: 'a text', takes: (value) => typeof value === 'string' },
  rotation: { words: ['always', 'sometimes', 'never'] },
  keptAs: { words: ['absent', 'echoed'] },
  successor: { words: ['sent', 'omitted'] },
  reuseWindow: {
    words: ['none', 'until_successor_used', 'forever'],
    or: '{ ms }',
    takes: (value) => areDurations(value, ['ms']),
  },
  reuseAnswer: { words: ['fork', 'idempotent'] },
  reuseEffect: { words: ['error', 'family', 'grant'] },
  oldAccessToken: { words: ['lives', 'dies'] },
  validates: { words: ['before_consuming', 'after_consuming'] },
  unavailable: { words: ['before_consuming', 'any_time'] },
  accessTokenMs: { words: [], or: 'milliseconds', takes: isDuration },
  pace: {
    words: [],
    or: '{ headersMs, bodyMs }',
    takes: (value) => areDurations(value, ['headersMs', 'bodyMs']),
  },
  wire: { words: [], or: 'an object', takes: isRecord },
}

interface Axis {
  readonly words: readonly string[]
  /** What else is taken, in words, and whether something is that. */
  readonly or?: string
  readonly takes?: (value: unknown) => boolean
}

/**
 * A description as it should be: a server that was described wrongly is played wrongly.
 *
 * @param where What is to be named in a complaint.
 * @throws {Misused}
 */
export function checkDescription(value: unknown, where: string): ServerDescription {
  if (!isRecord(value) || typeof value['name'] !== 'string') {
    throw new Misused(`${where} describes no server: it has a name, see docs/fuzzing.md`)
  }
  for (const [name, given] of Object.entries(value)) {
    const axis = Object.hasOwn(AXES, name) ? AXES[name as keyof ServerDescription] : undefined
    if (axis === undefined) {
      const known = Object.keys(AXES).join(', ')
      throw new Misused(`${where}: there is no axis ${JSON.stringify(name)}, but ${known}`)
    }
    const { words, or, takes } = axis
    if (given === undefined || words.includes(given as string) || takes?.(given)) continue
    const allowed = [...words, ...(or === undefined ? [] : [or])].join(', ')
    throw new Misused(`${where}: ${name} is ${JSON.stringify(given)}, and must be: ${allowed}`)
  }
  return value as unknown as ServerDescription
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
}

function areDurations(value: unknown, names: readonly string[]): boolean {
  return isRecord(value) && names.every((name) => isDuration(value[name]))
}
