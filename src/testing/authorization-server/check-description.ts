import * as z from 'zod'
import { isRecord } from '../../core/decode-body.ts'
import { DESCRIPTION } from './axes.ts'
import type { ServerDescription } from './description.ts'

/**
 * A description as it should be: a server that was described wrongly is played wrongly.
 *
 * @param where What is to be named in a complaint.
 * @throws {TypeError} Says what to write instead.
 */
export function checkDescription(value: unknown, where = 'server'): ServerDescription {
  if (!isRecord(value) || typeof value['name'] !== 'string') {
    throw new TypeError(`${where} describes no server: it has a name, see docs/fuzzing.md`)
  }
  const { error } = DESCRIPTION.safeParse(value, { error: complaint })
  if (error === undefined) return value as unknown as ServerDescription
  // Before all else: what is misspelled may be what is missing.
  const misspelled = error.issues.find(({ code }) => code === 'unrecognized_keys')
  throw new TypeError(`${where}: ${(misspelled ?? error.issues[0]!).message}`)
}

function complaint({ path = [], ...issue }: z.core.$ZodRawIssue): string {
  const at = path.join('.')
  const instead = toWrite(issue.schema)
  if (issue.code === 'unrecognized_keys') {
    return `there is no ${JSON.stringify([...path, issue.keys[0]].join('.'))}, but ${instead}`
  }
  const what = issue.input === undefined ? 'missing' : JSON.stringify(issue.input)
  return `${at} is ${what}, and must be: ${instead}`
}

/** What a schema takes. */
function toWrite(schema: unknown): string {
  const { description, type } = schema as z.ZodType
  if (description !== undefined) return description
  if (schema instanceof z.ZodUnion) return schema.options.map(toWrite).join(', ')
  if (schema instanceof z.ZodEnum) return schema.options.join(', ')
  if (schema instanceof z.ZodObject) return `{ ${Object.keys(schema.shape).join(', ')} }`
  return type
}
