import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../../machines/describe.ts'
import type { MachineDescription } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import type { DrawnState, Drawing } from '../../../src/inspect/diagram/svg.ts'
import { ledgerDrawing } from '../../../src/inspect/diagram/ledger.drawing.ts'
import { ledgerRows } from '../../../src/cli/diagram.ts'
import { refreshDrawing } from '../../../src/inspect/diagram/refresh.drawing.ts'
import { svgOf } from '../../../src/inspect/diagram/svg.ts'
import { ROW_STEPS } from '../../../src/ledger/rows.ts'
import { drawings } from './drawings.ts'

describe('the drawings', () => {
  it('are what `npx tsx test/inspect/diagram/generate.ts` writes', async () => {
    for (const [path, text] of Object.entries(await drawings())) {
      expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).toBe(text)
    }
  }, 60_000)
})

const DRAWN: readonly [MachineDescription, Drawing][] = [
  [describeMachine(refreshMachine), refreshDrawing],
  [describeMachine(ledgerRows), ledgerDrawing],
]

describe.each(DRAWN)('the drawing of $id', (machine, drawing) => {
  const svg = svgOf(drawing, 'A "chart" & more')
  const values = (name: string): string[] =>
    Array.from(svg.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g')), ([, value]) => value!)

  it('holds every state and every transition once, under the names of the machine', () => {
    const indices = machine.transitions.map((_, index) => String(index))

    expect(values('data-state').toSorted()).toEqual(
      machine.states.map(({ path }) => path).toSorted(),
    )
    expect(values('data-transition').toSorted()).toEqual(indices.toSorted())
    expect(
      values('data-of')
        .flatMap((of) => of.split(' '))
        .toSorted(),
    ).toEqual(indices.toSorted())
  })

  it('has states inside those around them, and no two on the same place', () => {
    const { states } = drawing
    const isInside = (inner: DrawnState, outer: DrawnState): boolean =>
      inner.x >= outer.x &&
      inner.y >= outer.y &&
      inner.x + inner.width <= outer.x + outer.width &&
      inner.y + inner.height <= outer.y + outer.height
    const isApart = (one: DrawnState, other: DrawnState): boolean =>
      one.x + one.width <= other.x ||
      other.x + other.width <= one.x ||
      one.y + one.height <= other.y ||
      other.y + other.height <= one.y

    const wrong = states.flatMap((one) =>
      states
        .filter((other) => other !== one && !other.path.startsWith(`${one.path}.`))
        .filter((other) =>
          one.path.startsWith(`${other.path}.`) ? !isInside(one, other) : !isApart(one, other),
        )
        .map((other) => [one.path, other.path]),
    )

    expect(wrong).toEqual([])
  })

  it('lets no label lie on a state or on another label', () => {
    const boxes = drawing.states.filter(({ kind }) => kind !== 'around')
    const labels = drawing.arrows.map(({ label }) => label)
    const all = [...labels, ...boxes]

    const overlaps = labels.flatMap((one) =>
      all.filter(
        (other) =>
          other !== one &&
          one.x < other.x + other.width &&
          other.x < one.x + one.width &&
          one.y < other.y + other.height &&
          other.y < one.y + one.height,
      ),
    )

    expect(overlaps).toEqual([])
  })

  it('is safe to put into any page: no script, no style, no address, and text is escaped', () => {
    expect(svg).toContain('aria-label="A &quot;chart&quot; &amp; more"')
    expect(svg).not.toMatch(/<script|<style|style=|href|\son\w+=/)
  })
})

describe('the rows of the ledger', () => {
  it('are drawn with every step that the protocol has', () => {
    const table: Readonly<
      Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>
    > = ROW_STEPS
    const steps = Object.entries(table).flatMap(([row, states]) =>
      Object.entries(states).flatMap(([from, ways]) =>
        Object.entries(ways).map(([step, to]) => `${row}.${from} ${step} ${row}.${to}`),
      ),
    )
    const drawn = ledgerDrawing.transitions.map(
      (each) => `${each.from} ${each.event} ${each.target}`,
    )

    expect(drawn.toSorted()).toEqual(steps.toSorted())
  })
})
