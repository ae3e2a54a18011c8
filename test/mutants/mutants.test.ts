import { describe, expect, it } from 'vitest'
import { runs } from '../runs.ts'
import { killAll } from './kill.ts'
import { huntsBy } from './mutant.ts'
import { MUTANTS } from './mutants.ts'
import { changed } from './plant.ts'

describe('a mutant of the shipped source is killed for the right reason', () => {
  const hunts = huntsBy(MUTANTS, 'explorer', 'unit')
  const attempts = killAll(hunts)
  for (const attempt of attempts.values()) attempt.catch(() => {})

  it.each(hunts)('by the $killer.by: $name', { timeout: runs(120_000) }, async (hunt) => {
    const { end, output } = await attempts.get(hunt)!

    expect(end, `wanted: ${hunt.killer.because}\n${output}`).toBe('killed')
  })
})

describe('the list of mutants', () => {
  it('names each once, and a killer for each', () => {
    const names = MUTANTS.map(({ name }) => name)

    expect(new Set(names).size).toBe(names.length)
    expect(MUTANTS.filter(({ killedBy }) => killedBy.length === 0)).toEqual([])
  })
})

describe('a change', () => {
  it('fails when its text is gone, or occurs more than once', () => {
    const change = { file: 'a.ts', text: 'b', replacement: '$&c' }

    expect(changed('abc', change)).toBe('a$&cc')
    expect(() => changed('ac', change)).toThrow(/0 times, not once/)
    expect(() => changed('bb', change)).toThrow(/2 times, not once/)
  })
})
