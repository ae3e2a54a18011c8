import { format, resolveConfig } from 'prettier'
import { describeMachine, mermaidOf } from '../../machines/describe.ts'
import type { MachineDescription, TransitionDescription } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { CLAIMING } from '../../src/ledger/protocol/index.ts'
import { ROW_STEPS } from '../../src/ledger/rows.ts'

export const DOCUMENT = 'docs/statechart.md'

const chart = describeMachine(refreshMachine)

/** The text of the document, drawn from what runs. */
export function statechartDocument(): Promise<string> {
  return formatted(`
# The statechart

<!-- Written by \`npx tsx test/statechart/generate.ts\` from machines/ and src/ledger/. -->

${INTRODUCTION}

The [glossary](glossary.md) explains the words.

${fenced(mermaidOf(chart))}

## States

${STATES}

${table(['state', 'tags', 'runs', 'what it is'], chart.states.filter(isInnermost).map(stateRow))}

## Transitions

${TRANSITIONS}

${table(['in', 'on', 'if', 'goes to', 'does', 'because'], chart.transitions.map(transitionRow))}

## Rows of the ledger

${ROWS}

### The claim row of one refresh token

${fenced(mermaidOf(rowMachine('claim', 'absent')))}

### The grant row of one chain

${fenced(mermaidOf(rowMachine('grant', 'absent')))}

## What a claim finds

${FINDS}

${table(['grant row \\ claim row', ...Object.keys(CLAIMING)], claimingRows())}
`)
}

const INTRODUCTION = `
The life of one token set. The five actors of the runtime (\`claim\`, \`follow\`, \`present\`,
\`settle\`, \`reload\`) bring facts, and the chart decides by them where the run goes. It runs in
two ways. A _per-call_ run is made when a set is not fresh, and ends at the first state tagged
\`settled\`: no timer of a settled state ever fires in it. A _long-lived_ run (\`keep\`) goes round.
The timers of its settled states drive it, and three events: \`STORED\` when the application has
stored a set, \`REVOKE\` when this refresher has ended the chain, \`DRAIN\` when it shuts down.`

const STATES = `
Only the innermost states are waited in, so only they have a line. Callers see the outermost name.`

const TRANSITIONS = `
Of several alternatives for one event, the first whose guard holds is taken, in the order of this
table. \`done(actor)\` is an actor's answer, \`error(actor)\` a bug in it, \`after(delay)\` a timer
and \`always\` is taken on entry. Removing any line fails a test.`

const ROWS = `
Every change of a row is a compare-and-swap, and these are all the changes there are. A \`claimed\`
row is claimed again only where tokens never rotate, after its holder's time is over, or when the
claim is known to be settled; it is opened again only when the token was kept, or provably not
consumed.`

const FINDS = `
What somebody who comes with a refresh token does next, by what has been seen of its claim row
(across) and of the grant row (down). \`look\`, \`read\`, \`claim\`, \`release\` and \`end\` are
operations on rows, after which the table is asked again; the other words are the answer. \`stale\`
is the holder of a spent token after a later one has been seen for long enough: a replay.`

function isInnermost({ initial }: MachineDescription['states'][number]): boolean {
  return initial === undefined
}

function stateRow({
  path,
  tags,
  isFinal,
  invokes,
  description = '',
}: MachineDescription['states'][number]): string[] {
  const all = [...tags, ...(isFinal ? ['final'] : [])]
  return [code(path), all.join(', '), codes(invokes), description]
}

function transitionRow({
  from,
  event,
  guard,
  target,
  actions,
  description = '',
}: TransitionDescription): string[] {
  return [
    code(from),
    code(event),
    codes([guard ?? []].flat()),
    code(target ?? from),
    codes(actions),
    description,
  ]
}

function rowMachine(kind: keyof typeof ROW_STEPS, initial: string): MachineDescription {
  const steps: Readonly<Record<string, Readonly<Record<string, string>>>> = ROW_STEPS[kind]
  return {
    id: kind,
    initial,
    states: Object.keys(steps).map((path) => ({ path, tags: [], isFinal: false, invokes: [] })),
    transitions: Object.entries(steps).flatMap(([from, ways]) =>
      Object.entries(ways).map(([event, target]) => ({
        from,
        event,
        target,
        reenters: true,
        actions: [],
      })),
    ),
  }
}

function claimingRows(): string[][] {
  const grants = Object.keys(CLAIMING.unseen) as (keyof typeof CLAIMING.unseen)[]
  return grants.map((grant) => [
    `**${grant}**`,
    ...Object.values(CLAIMING).map((moves) => moves[grant]),
  ])
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function fenced(text: string): string {
  return `\`\`\`mermaid\n${text}\`\`\``
}

function code(text: string): string {
  return `\`${text}\``
}

function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ')
}

async function formatted(text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(DOCUMENT)), parser: 'markdown' })
}
