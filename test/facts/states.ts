import { checkFacts } from '../../src/facts/check-facts.ts'
import type { ProviderRecord } from '../../src/facts/check-facts.ts'

/** What may be wrong with facts. */
export const STATES = {
  old: 'last held against the sources more than 90 days ago, or a day of change has come since',
  thin: 'what decides is not known',
  unsourced: 'a value has no source',
} as const

export interface FactState {
  readonly state: keyof typeof STATES
  readonly why: string
}

const OLD_MS = 90 * 24 * 60 * 60 * 1000

/** The states that a record is in, at a time. */
export function statesOf(facts: ProviderRecord, nowMs: number): readonly FactState[] {
  return [...oldIn(facts, nowMs), ...thinIn(facts), ...unsourcedIn(facts)]
}

function* oldIn(facts: ProviderRecord, nowMs: number): Generator<FactState> {
  const verifiedMs = Date.parse(facts.verifiedAt)
  if (nowMs - verifiedMs > OLD_MS) yield { state: 'old', why: `verified on ${facts.verifiedAt}` }
  const days = [
    ...(facts.changes ?? []).map(({ on }) => on),
    ...(facts.retired ?? []).map(({ from }) => from),
  ]
  for (const day of new Set(days)) {
    const atMs = Date.parse(day)
    if (atMs <= nowMs && atMs > verifiedMs) yield { state: 'old', why: `changed on ${day}` }
  }
}

function* thinIn(facts: ProviderRecord): Generator<FactState> {
  const open = (['rotation', 'reuse'] as const).filter((field) => facts[field] === undefined)
  if (open.length > 0) yield { state: 'thin', why: `not known: ${open.join(', ')}` }
  const dead = facts.answers.filter(({ ends }) => ends === 'rejected')
  if (dead.every(({ source }) => source.includes('rfc-editor.org'))) {
    yield { state: 'thin', why: 'no source shows the error of a dead token' }
  }
}

function* unsourcedIn(facts: ProviderRecord): Generator<FactState> {
  try {
    checkFacts(facts, facts.id)
  } catch (error) {
    yield { state: 'unsourced', why: String(error) }
  }
}
