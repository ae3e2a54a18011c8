import { createMachine, type AnyStateMachine } from 'xstate'
import { describeMachine, mermaidOf } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { CHART_STYLE, type Drawing, svgOf } from '../inspect/diagram/svg.ts'
import { ledgerDrawing } from '../inspect/diagram/ledger.drawing.ts'
import { refreshDrawing } from '../inspect/diagram/refresh.drawing.ts'
import { helpOf, oneOf, readArgs, withoutFiles, type Values } from './args.ts'
import { orUsageError, type Terminal } from './command.ts'
import { ROW_STEPS } from '../ledger/rows.ts'

const OPTIONS = {
  format: oneOf(
    ['mermaid', 'svg', 'json'],
    'mermaid',
    'mermaid (default): for GitHub and other Markdown. svg: a picture in one file, dark and ' +
      'light. json: a machine of XState 5, which Stately Studio imports',
  ),
  of: oneOf(
    ['refresh', 'ledger'],
    'refresh',
    'refresh (default): the statechart. ledger: what can become of a claim row and a grant row',
  ),
} as const

export const USAGE = helpOf(
  'usage: refresh-once diagram [options]\n\nDraws the statechart from its own definition.',
  OPTIONS,
  'exit codes: 0 it was drawn, 2 the command line cannot be used',
)

/** Prints a diagram. */
export function diagram(args: readonly string[], terminal: Terminal): Promise<number> {
  return orUsageError('diagram', terminal, async () => {
    terminal.out(drawn(withoutFiles(readArgs(args, OPTIONS))))
    return 0
  })
}

function drawn({ format, of }: Values<typeof OPTIONS>): string {
  const { machine, drawing, label } = DRAWN[of]
  switch (format) {
    case 'mermaid':
      return mermaidOf(describeMachine(machine))
    case 'svg':
      return svgOf(drawing, label, CHART_STYLE)
    case 'json':
      // What is left of the definition is data: functions, which JSON has not, compute in it only.
      return `${JSON.stringify(machine.config, null, 2)}\n`
  }
}

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

type RowSteps = Readonly<Record<string, Readonly<Record<string, string>>>>
type Ways = Record<string, { target: string; reenter: boolean }>

function region(steps: RowSteps): { initial: string; states: Record<string, { on: Ways }> } {
  const states = Object.entries(steps).map(([from, ways]) => {
    const on = Object.entries(ways).map(([event, target]) => [event, { target, reenter: true }])
    return [from, { on: Object.fromEntries(on) as Ways }]
  })
  return { initial: 'absent', states: Object.fromEntries(states) as Record<string, { on: Ways }> }
}

interface Diagram {
  readonly machine: AnyStateMachine
  readonly drawing: Drawing
  /** What a screen reader says of the picture. */
  readonly label: string
}

const DRAWN: Readonly<Record<Values<typeof OPTIONS>['of'], Diagram>> = {
  refresh: {
    machine: refreshMachine,
    drawing: refreshDrawing,
    label: 'The statechart of refresh-once: the life of one token set',
  },
  ledger: {
    machine: ledgerRows,
    drawing: ledgerDrawing,
    label: 'The rows of the ledger of refresh-once: of one refresh token, and of one chain',
  },
}
