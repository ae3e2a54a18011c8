import type { AnyStateMachine } from 'xstate'
import { describeMachine } from '../../../machines/describe.ts'
import type { Drawing } from '../../../src/inspect/diagram/svg.ts'
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
  for (const [path, machine] of Object.entries(DRAWN)) files[path] = await fileOf(machine)
  return files
}

async function fileOf(machine: AnyStateMachine): Promise<string> {
  const drawing = await layOut(describeMachine(machine))
  return [
    "import type { Drawing } from './svg.ts'",
    '',
    '/** Laid out by `npx tsx test/inspect/diagram/generate.ts`; a test fails if it is behind. */',
    '// prettier-ignore',
    `export const ${drawing.id}Drawing: Drawing = ${literal(drawing)}`,
    '',
  ].join('\n')
}

const COLUMNS_MAX = 100

/** Stands for a space where a line may end. */
const BREAK = '\u0001'

/** Writes a value with as much on a line as fits: Prettier would make 500 lines of a chart. */
function literal(drawing: Drawing): string {
  const members = Object.entries(drawing).map(([name, value]: [string, unknown]) =>
    Array.isArray(value) && typeof value[0] === 'object'
      ? `  ${name}: [\n${value.map((each) => wrapped(`${inline(each)},`, '    ')).join('\n')}\n  ],`
      : wrapped(`${name}: ${inline(value)},`, '  '),
  )
  return `{\n${members.join('\n')}\n}`
}

/** Ends lines where a text may be broken, and breaks long strings between words. */
function wrapped(text: string, indent: string): string {
  const lines = [indent]
  for (const part of text.split(BREAK)) {
    const line = lines.at(-1)!
    const isFirst = line.trim() === ''
    if (isFirst || line.length + part.length < COLUMNS_MAX) {
      lines[lines.length - 1] = line + (isFirst ? '' : ' ') + part
    } else lines.push(`${indent}  ${part}`)
  }
  return lines
    .flatMap((line) => (line.length > COLUMNS_MAX ? halved(line, indent) : [line]))
    .join('\n')
}

function halved(line: string, indent: string): readonly string[] {
  const at = line.lastIndexOf(' ', COLUMNS_MAX - 5)
  return [`${line.slice(0, at)} ' +`, `${indent}  '${line.slice(at + 1)}`]
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(`,${BREAK}`)}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, each]) => `${nameOf(key)}: ${inline(each)}`)
  return `{ ${entries.join(`,${BREAK}`)} }`
}

function nameOf(key: string): string {
  return /^\w+$/.test(key) ? key : quoted(key)
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
