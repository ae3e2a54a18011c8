import { describe, expect, it } from 'vitest'
import { allFacts } from '../docs/providers.ts'
import { statesOf } from './states.ts'

const all = await allFacts()
const of = (id: string) => all.find((facts) => facts.id === id)!

describe('npm run facts', () => {
  it('finds nothing old or unsourced on the day of the facts', () => {
    for (const facts of all) {
      const states = statesOf(facts, Date.parse(facts.verifiedAt))

      expect(states.filter(({ state }) => state !== 'thin')).toEqual([])
    }
  })

  it('calls facts old after 90 days', () => {
    const states = (days: number) =>
      statesOf(of('google'), Date.parse(of('google').verifiedAt) + days * 86_400_000)

    expect(states(90)).toEqual([])
    expect(states(91)).toEqual([{ state: 'old', why: `verified on ${of('google').verifiedAt}` }])
  })

  it('calls facts old as soon as a day of change has come', () => {
    expect(statesOf(of('hubspot'), Date.parse('2027-02-16'))).toContainEqual({
      state: 'old',
      why: 'changed on 2027-02-16',
    })
  })

  it('calls facts thin that do not know what a spent token does', () => {
    expect(statesOf(of('notion'), Date.parse('2026-11-30'))).toEqual([
      { state: 'thin', why: 'not known: reuse' },
    ])
  })

  it('names what has no source', () => {
    const { rotation: _, ...sources } = of('google').sources

    expect(statesOf({ ...of('google'), sources }, Date.parse('2026-11-30'))).toEqual([
      { state: 'unsourced', why: expect.stringContaining('google.sources.rotation') },
    ])
  })
})
