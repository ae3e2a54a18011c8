import { createMachine } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { ROW_STEPS } from '../../ledger/rows.ts'

/**
 * The two kinds of row of the ledger as a machine, from the protocol's own table.
 *
 * Nothing runs it: the protocol does these steps, each as one compare-and-swap.
 */
export const ledgerRows: AnyStateMachine = createMachine({
  id: 'ledger',
  type: 'parallel',
  states: { claim: region(ROW_STEPS.claim), grant: region(ROW_STEPS.grant) },
})

type Steps = Readonly<Record<string, Readonly<Record<string, string>>>>
type Ways = Record<string, { target: string; reenter: boolean }>

function region(steps: Steps): { initial: string; states: Record<string, { on: Ways }> } {
  const states = Object.entries(steps).map(([from, ways]) => {
    const on = Object.entries(ways).map(([event, target]) => [event, { target, reenter: true }])
    return [from, { on: Object.fromEntries(on) as Ways }]
  })
  return { initial: 'absent', states: Object.fromEntries(states) as Record<string, { on: Ways }> }
}
