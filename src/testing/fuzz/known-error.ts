import type { Failure } from '../../core/provider.ts'
import type { Reading } from './claims.ts'
import { Violation } from './invariants.ts'

/** What a server says in a code of its own, and what the provider should call that. */
const MEANT = {
  dead: { says: (name: string) => `that ${name} is dead`, means: 'rejected' },
  client: { says: () => 'that the client is not known', means: 'refused_before' },
} as const satisfies Readonly<Record<string, { says: unknown; means: Failure }>>

/**
 * Holds that a provider knows the codes of its server: what it does not know asks people to sign in
 * who need not, or lets them wait for a grant that is over.
 *
 * A code that stands for something else, too, proves nothing, and neither does a status alone.
 *
 * @throws {Violation}
 */
export function checkErrorIsKnown(reading: Reading): void {
  const { error: which, behaviour, provider, presentation, token, nameOf } = reading
  if (which !== 'dead' && which !== 'client') return
  const { wire } = behaviour
  const { status, error } = wire[which]
  const others = (['dead', 'client', 'target'] as const).filter((each) => each !== which)
  const isAmbiguous = others.some((each) => wire[each].error === error)
  if (error === undefined || isAmbiguous) return
  const { says, means } = MEANT[which]
  const names = [`${status} ${error}`, error, `${status}`]
  const described = names.map((name) => provider.failures[name]).find((each) => each !== undefined)
  if (described !== undefined && described !== means) return
  const place = JSON.stringify(wire.answer.error ?? 'error')
  const instead = [
    ...(described === undefined ? [`failures: { ${error}: '${means}' }`] : []),
    ...(described === undefined && place === '"error"'
      ? []
      : [`a response.read that hands on ${place} as error`]),
  ]
  throw new Violation(
    'failures',
    `the answer ${status} ${error} says ${says(nameOf(token))}, and the provider makes ` +
      `'${presentation.outcome}' of it: write ${instead.join(', and ')}`,
  )
}
