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
  const fault = DESCRIPTION.fault(value, '')
  if (fault !== undefined) throw new TypeError(`${where}: ${fault}`)
  return value as unknown as ServerDescription
}
