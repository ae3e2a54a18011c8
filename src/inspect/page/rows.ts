import type { RefreshEvent } from '../../runtime/events.ts'
import { ledgerDrawing } from '../diagram/ledger.drawing.ts'

/** Where the rows of the ledger stand, as far as can be told from what was seen. */
export interface RowStates {
  /** Paths in the drawing: `claim.claimed`. */
  readonly claim: string
  readonly grant: string
  /** Indices of the transitions that led there just now. */
  readonly taken: readonly number[]
}

/** Follows the rows by what refreshers tell. */
export interface RowWatch {
  /** Where the rows of a token and of its chain stand after an event, if it is about them. */
  follow(event: RefreshEvent): RowStates | undefined
}

/** What an event does to the claim row and to the grant row. */
interface Steps {
  readonly claim?: 'claim' | 'open'
  readonly grant?: 'settle' | 'end'
}

export function rowWatch(): RowWatch {
  const states = new Map<string, string>()
  return {
    follow(event) {
      if (!('grant' in event)) return undefined
      const steps = stepsOf(event)
      const isLater = 'generation' in event && event.generation > 0
      const names = {
        claim: `claim ${event.token}`,
        grant: `grant ${event.grant}`,
      }
      const before = {
        claim: states.get(names.claim) ?? 'claim.absent',
        grant: states.get(names.grant) ?? (isLater ? 'grant.live' : 'grant.absent'),
      }
      const claim = stepFrom(before.claim, steps.claim)
      const grant = stepFrom(before.grant, steps.grant)
      states.set(names.claim, claim.to)
      states.set(names.grant, grant.to)
      return { claim: claim.to, grant: grant.to, taken: [...claim.taken, ...grant.taken] }
    },
  }
}

function stepsOf(event: RefreshEvent): Steps {
  switch (event.type) {
    case 'claimed':
      return { claim: 'claim' }
    case 'replay':
    case 'revoked':
      return { grant: 'end' }
    case 'presented':
      if (event.outcome === 'granted') {
        return event.isSpent ? { grant: 'settle' } : { grant: 'settle', claim: 'open' }
      }
      if (event.outcome === 'rejected') return { grant: 'end' }
      return event.isSpent ? {} : { claim: 'open' }
    default:
      return {}
  }
}

function stepFrom(from: string, step: string | undefined): { to: string; taken: number[] } {
  const index = ledgerDrawing.transitions.findIndex(
    (transition) => transition.from === from && transition.event === step,
  )
  const found = ledgerDrawing.transitions[index]
  return found === undefined ? { to: from, taken: [] } : { to: found.target, taken: [index] }
}
