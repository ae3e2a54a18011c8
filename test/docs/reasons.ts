import { REASONS } from '../../src/core/errors.ts'
import { between, table } from './marks.ts'

const BEGIN = '<!-- reasons: written by `npx tsx test/docs/generate.ts` -->'
const END = '<!-- /reasons -->'

/** The text with the table of all reasons for which a user has to sign in again. */
export function withReasons(text: string): string {
  const rows = Object.entries(REASONS).map(([name, sentence]) => [`\`${name}\``, sentence])
  return between(text, BEGIN, table(['`error.reason`', 'what happened'], rows), END)
}
