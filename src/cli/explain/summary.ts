import type { Facts } from './facts.ts'

/** What became of one chain, in a sentence each. */
export function summaryOf(grant: string, facts: Facts, endedAtMs: number | undefined): string[] {
  const about = facts.grants.get(grant)
  if (about === undefined) return []
  const tokens = [...about.byGeneration.values()].map((name) => facts.tokens.get(name)!)
  const silent = tokens.filter(({ claims, presentations }) => claims > 0 && presentations === 0)
  const rotations = about.replacedAtMs.size
  const lost = tokens.filter(
    ({ generation = 0, spent }) => spent > 0 && !about.replacedAtMs.has(generation),
  )
  const newest = about.newest ?? 'not told'
  return [
    `rotations: ${rotations}; the latest generation that anybody had: ${newest}`,
    ...(endedAtMs === undefined ? [] : [`it ended at ${new Date(endedAtMs).toISOString()}`]),
    ...silent.map(
      ({ generation }) =>
        `R${generation} was claimed, and no presentation of it is told: its holder died, or gave ` +
        'the claim back, or a journal is missing',
    ),
    ...(endedAtMs === undefined
      ? lost.map(({ generation }) => `R${generation} may be spent, and nothing came for it`)
      : []),
  ]
}
