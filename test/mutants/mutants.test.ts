import { describe, expect, it } from 'vitest'
import { runs } from '../runs.ts'
import { killAll } from './kill.ts'
import { MUTANTS, SLOW_MUTANTS } from './mutants.ts'
import { changed } from './plant.ts'

describe('a mutant of the shipped source is killed by its catcher, for the right reason', () => {
  const mutants = runs(1) > 1 ? [...MUTANTS, ...SLOW_MUTANTS] : MUTANTS
  const attempts = killAll(mutants)
  for (const attempt of attempts.values()) attempt.catch(() => {})

  it.each(mutants)('$name', { timeout: runs(120_000) }, async (mutant) => {
    const { end, output } = await attempts.get(mutant)!

    expect(end, `wanted: ${mutant.because}\n${output}`).toBe('killed')
  })
})

describe('a change', () => {
  it('fails when its text is gone, or stands there more than once', () => {
    const change = { file: 'a.ts', text: 'b', replacement: '$&c' }

    expect(changed('abc', change)).toBe('a$&cc')
    expect(() => changed('ac', change)).toThrow(/0 times, not once/)
    expect(() => changed('bb', change)).toThrow(/2 times, not once/)
  })
})
