/** Why a chain was lost: what must be behind it, or it is a violation. */
export type Loss =
  /** A process was killed between claim and settling, before, or after, it had sent. */
  | 'killed before sending'
  | 'killed after sending'
  /** The answer was cut off, broken off, replaced, or too late. */
  | 'answer lost'
  /** A process was frozen for so long that its request was given up. */
  | 'frozen'
  /** The machine was too busy for the timeout of a request: nobody held it up. */
  | 'late by itself'

/** What a soak did and found, for one kind of store. */
export interface Tally {
  rounds: number
  calls: number
  presentations: number
  kills: number
  freezes: number
  databaseKills: number
  faults: number
  signOuts: number
  chains: number
  accessTokensChecked: number
  presentedTwice: number
  readonly losses: Record<Loss, number>
  readonly violations: string[]
}

export const emptyTally = (): Tally => ({
  rounds: 0,
  calls: 0,
  presentations: 0,
  kills: 0,
  freezes: 0,
  databaseKills: 0,
  faults: 0,
  signOuts: 0,
  chains: 0,
  accessTokensChecked: 0,
  presentedTwice: 0,
  losses: {
    'killed before sending': 0,
    'killed after sending': 0,
    'answer lost': 0,
    frozen: 0,
    'late by itself': 0,
  },
  violations: [],
})

const ROWS: readonly (readonly [string, (tally: Tally) => number])[] = [
  ['rounds', (tally) => tally.rounds],
  ['calls', (tally) => tally.calls],
  ['refresh tokens presented', (tally) => tally.presentations],
  ['processes killed', (tally) => tally.kills],
  ['processes frozen', (tally) => tally.freezes],
  ['databases killed', (tally) => tally.databaseKills],
  ['faults of the endpoint', (tally) => tally.faults],
  ['sign-outs', (tally) => tally.signOuts],
  ['chains begun', (tally) => tally.chains],
  ['access tokens introspected', (tally) => tally.accessTokensChecked],
  ...(Object.keys(emptyTally().losses) as Loss[]).map(
    (loss) => [`lost: ${loss}`, (tally: Tally) => tally.losses[loss]] as const,
  ),
  ['**presented twice**', (tally) => tally.presentedTwice],
  ['**violations**', (tally) => tally.violations.length],
]

/** The one table. */
export function tableOf(tallies: ReadonlyMap<string, Tally>): string {
  const kinds = [...tallies.keys()]
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['', ...kinds]),
    line(['---', ...kinds.map(() => '---:')]),
    ...ROWS.map(([name, of]) => line([name, ...[...tallies.values()].map(of)])),
  ].join('\n')
}
