import { parseArgs } from 'node:util'
import { createMachine, type AnyStateMachine } from 'xstate'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { mermaidOf } from '../../machines/describe.ts'
import type { Drawing } from '../inspect/diagram/svg.ts'
import { ledgerDrawing } from '../inspect/diagram/ledger.drawing.ts'
import { refreshDrawing } from '../inspect/diagram/refresh.drawing.ts'
import { CHART_STYLE, svgOf } from '../inspect/diagram/svg.ts'
import { Misused, type Terminal } from './command.ts'
import { ROW_STEPS } from '../ledger/rows.ts'

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

interface Drawn {
  readonly machine: AnyStateMachine
  readonly drawing: Drawing
  /** What a screen reader says of the picture. */
  readonly label: string
}

const DRAWN: Readonly<Record<DiagramCommand['of'], Drawn>> = {
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

/** Prints a diagram. */
export function diagram(arguments_: readonly string[], terminal: Terminal): Promise<number> {
  let command: DiagramCommand
  try {
    command = optionsOf(arguments_)
  } catch (error) {
    terminal.error(`refresh-once diagram: ${(error as Error).message}\n`)
    return Promise.resolve(2)
  }
  terminal.out(drawn(command))
  return Promise.resolve(0)
}

function drawn({ format, of }: DiagramCommand): string {
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

const FORMATS = ['mermaid', 'svg', 'json'] as const
const SUBJECTS = ['refresh', 'ledger'] as const

/** What the command line asks for. */
export interface DiagramCommand {
  readonly format: (typeof FORMATS)[number]
  readonly of: (typeof SUBJECTS)[number]
}

export const USAGE = `usage: refresh-once diagram [options]

Draws what runs, from its own definition.

  --format NAME   mermaid, if nothing is said: for GitHub and other Markdown
                  svg: a picture that needs nothing else, dark and light
                  json: a machine of XState 5, which Stately Studio imports
  --of NAME       refresh, if nothing is said: the statechart
                  ledger: what may become of a claim row and of a grant row

exit codes: 0 it was drawn, 2 the command cannot be understood
`

/** @throws {Error} Saying what to write instead. */
export function optionsOf(arguments_: readonly string[]): DiagramCommand {
  const options = {
    format: { type: 'string', default: 'mermaid' },
    of: { type: 'string', default: 'refresh' },
  } as const
  const { values } = parseArgs({ args: [...arguments_], options })
  return {
    format: oneOf('--format', FORMATS, values.format),
    of: oneOf('--of', SUBJECTS, values.of),
  }
}

function oneOf<T extends string>(option: string, names: readonly T[], given: string): T {
  const found = names.find((name) => name === given)
  if (found === undefined)
    throw new Misused(`${option} is one of ${names.join(', ')}, not '${given}'`)
  return found
}
