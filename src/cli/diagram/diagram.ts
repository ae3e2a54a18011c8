import type { AnyStateMachine } from 'xstate'
import { describeMachine, mermaidOf } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import type { Drawing } from '../../inspect/diagram/drawing.ts'
import { ledgerDrawing } from '../../inspect/diagram/ledger.drawing.ts'
import { ledgerRows } from '../../inspect/diagram/ledger-rows.ts'
import { refreshDrawing } from '../../inspect/diagram/refresh.drawing.ts'
import { CHART_STYLE } from '../../inspect/diagram/style.ts'
import { svgOf } from '../../inspect/diagram/svg.ts'
import type { Terminal } from '../command.ts'
import { optionsOf } from './options.ts'
import type { DiagramCommand } from './options.ts'

interface Subject {
  readonly machine: AnyStateMachine
  readonly drawing: Drawing
  /** What a screen reader says of the picture. */
  readonly label: string
}

const SUBJECTS: Readonly<Record<DiagramCommand['of'], Subject>> = {
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
  const { machine, drawing, label } = SUBJECTS[of]
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
