import { describeMachine, mermaidOf } from '../../machines/describe.ts'
import type { TransitionDescription } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { between } from './marks.ts'

/** What stands around the picture in docs/design.md. */
const BEGIN = '<!-- The picture is written by `npx tsx test/docs/generate.ts` from machines/. -->'
const END = '<!-- End of the picture. -->'

/** The text with the picture of the chart that runs, between the marks. */
export function withPicture(text: string): string {
  return between(text, BEGIN, `\`\`\`mermaid\n${picture()}\`\`\``, END)
}

/**
 * The chart from afar: outermost states, and between two of them only why one is left for the
 * other. Bugs in an actor (`error(…)`), of which each leads to `error`, are left out.
 */
function picture(): string {
  const { id, initial, states, transitions } = describeMachine(refreshMachine)
  return mermaidOf({
    id,
    initial,
    states: states
      .filter(({ path }) => path === outermost(path))
      .map(({ path, tags, isFinal, invokes }) => ({ path, tags, isFinal, invokes })),
    transitions: transitions
      .filter(({ event }) => !event.startsWith('error('))
      .map(fromAfar)
      .filter(({ from, target }, index, all) => {
        const isFirst = all.findIndex((each) => isSame(each, all[index]!)) === index
        return from !== target && isFirst
      }),
  })
}

function fromAfar({ from, target = from, event, guard }: TransitionDescription) {
  return {
    from: outermost(from),
    target: outermost(target),
    event: guard ?? (event.startsWith('done(') ? 'otherwise' : event),
    reenters: false,
    actions: [],
  }
}

function isSame(one: ReturnType<typeof fromAfar>, other: ReturnType<typeof fromAfar>): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function outermost(path: string): string {
  return path.split('.')[0]!
}
