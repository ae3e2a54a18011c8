import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import { INLINE, describeMachine, mermaidOf } from '../../machines/describe.ts'
import { DOCUMENT, statechartDocument } from './document.ts'

/** A machine with one of everything, and nothing of ours. */
const sample = createMachine({
  id: 'sample',
  initial: 'a',
  on: { RESET: '.a' },
  states: {
    a: {
      tags: 'quiet',
      always: { guard: 'isReady', target: 'b.deep' },
      on: { NOTE: { actions: ['write', () => {}] } },
    },
    b: {
      initial: 'shallow',
      states: {
        shallow: { after: { 500: 'deep', soon: { target: 'shallow', reenter: true } } },
        deep: {
          invoke: { src: 'work', id: 'w', onDone: '#sample.c', onError: { guard: () => true } },
        },
      },
    },
    c: { type: 'final' },
  },
})

describe('describeMachine', () => {
  it('reads every state and every transition, in document order', () => {
    const { states, transitions } = describeMachine(sample)

    expect(states).toEqual([
      { path: 'a', tags: ['quiet'], isFinal: false, invokes: [] },
      { path: 'b', tags: [], isFinal: false, initial: 'b.shallow', invokes: [] },
      { path: 'b.shallow', tags: [], isFinal: false, invokes: [] },
      { path: 'b.deep', tags: [], isFinal: false, invokes: ['work'] },
      { path: 'c', tags: [], isFinal: true, invokes: [] },
    ])
    expect(transitions).toEqual([
      { from: '', event: 'RESET', target: 'a', reenters: false, actions: [] },
      {
        from: 'a',
        event: 'always',
        guard: 'isReady',
        target: 'b.deep',
        reenters: false,
        actions: [],
      },
      { from: 'a', event: 'NOTE', reenters: false, actions: ['write', INLINE] },
      { from: 'b.shallow', event: 'after(500)', target: 'b.deep', reenters: false, actions: [] },
      { from: 'b.shallow', event: 'after(soon)', target: 'b.shallow', reenters: true, actions: [] },
      { from: 'b.deep', event: 'done(work)', target: 'c', reenters: false, actions: [] },
      { from: 'b.deep', event: 'error(work)', guard: INLINE, reenters: false, actions: [] },
    ])
  })
})

describe('mermaidOf', () => {
  it('draws states inside states, and each arrow inside the state that holds both ends', () => {
    const { states, transitions, ...machine } = describeMachine(sample)
    const inStates = transitions.filter(({ from }) => from !== '')

    expect(mermaidOf({ ...machine, states, transitions: inStates }).split('\n')).toEqual([
      'stateDiagram-v2',
      '  [*] --> a',
      '  a',
      '  state b {',
      '    [*] --> b_shallow',
      '    b_shallow: shallow',
      '    b_deep: deep',
      '    b_shallow --> b_deep: after(500)',
      '    b_shallow --> b_shallow: after(soon)',
      '    b_deep --> b_deep: error(work) [(inline)]',
      '  }',
      '  c',
      '  a --> b_deep: always [isReady]',
      '  a --> a: NOTE',
      '  b_deep --> c: done(work)',
      '  c --> [*]',
      '',
    ])
  })
})

describe(DOCUMENT, () => {
  it('is what `npx tsx test/statechart/generate.ts` writes', async () => {
    const written = readFileSync(new URL(`../../${DOCUMENT}`, import.meta.url), 'utf8')

    expect(written).toBe(await statechartDocument())
  })
})
