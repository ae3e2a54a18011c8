import { format, resolveConfig } from 'prettier'
import type { AnyStateMachine } from 'xstate'
import { describeMachine } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import { ledgerRows } from '../../../src/cli/diagram.ts'
import { layOut } from './lay-out.ts'

/** Where each drawing stands, and of what it is. */
const DRAWN: Readonly<Record<string, AnyStateMachine>> = {
  'src/inspect/diagram/refresh.drawing.ts': refreshMachine,
  'src/inspect/diagram/ledger.drawing.ts': ledgerRows,
}

/** The files of the drawings and what belongs in them. */
export async function drawings(): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {}
  for (const [path, machine] of Object.entries(DRAWN)) files[path] = await fileOf(path, machine)
  return files
}

async function fileOf(path: string, machine: AnyStateMachine): Promise<string> {
  const drawing = await layOut(describeMachine(machine))
  const text = `
    import type { Drawing } from '../../../src/inspect/diagram/svg.ts'

    /** Laid out by \`npx tsx test/inspect/diagram/generate.ts\`: a test fails when it is behind. */
    export const ${drawing.id}Drawing: Drawing = ${JSON.stringify(drawing)}
  `
  return format(text, { ...(await resolveConfig(path)), parser: 'typescript' })
}
