import { PROBLEMS } from '../../core/errors.ts'
import type { Entry } from './entry.ts'
import type { Facts } from './facts.ts'

/** The longest story that is kept of one chain. */
const ENTRIES_MAX = 2_000

/** The events of some chains, kept for telling. */
export interface Stories {
  take(entry: Entry): void
  /** The lines of one, in the order of time. */
  linesOf(grant: string): readonly string[]
}

/** @param wanted Fingerprints of chains. */
export function createStories(wanted: ReadonlySet<string>, { tokens }: Facts): Stories {
  const kept = new Map<string, Entry[]>([...wanted].map((grant) => [grant, []]))
  return {
    take(entry) {
      const { token, grant = token === undefined ? undefined : tokens.get(token)?.grant } = entry
      const story = grant === undefined ? undefined : kept.get(grant)
      if (story !== undefined && story.length < ENTRIES_MAX) story.push(entry)
    },
    linesOf(grant) {
      const story = (kept.get(grant) ?? []).toSorted((a, b) => a.atMs - b.atMs)
      const [first] = story
      if (first === undefined) return []
      const width = Math.max(...story.map(({ process = '' }) => process.length))
      const lines = story.map((entry) => {
        const after = `+${Math.round(entry.atMs - first.atMs)} ms`
        const by = (entry.process ?? '').padEnd(width)
        return `${after.padStart(12)}  ${by}  ${told(entry, tokens)}`
      })
      const begins = new Date(first.atMs).toISOString()
      const isCut = story.length === ENTRIES_MAX
      return [begins, ...lines, ...(isCut ? [`… its first ${ENTRIES_MAX} events`] : [])]
    },
  }
}

/** One event in plain words. */
function told(entry: Entry, tokens: Facts['tokens']): string {
  const { token } = entry
  const generation = token === undefined ? undefined : tokens.get(token)?.generation
  const name = generation === undefined ? (token ?? 'a token') : `R${generation} (${token})`
  return WORDS[entry.type](entry, name)
}

const WORDS: { readonly [T in Entry['type']]: (entry: Entry, name: string) => string } = {
  claimed: (_, name) => `claims ${name}`,
  presented(entry, name) {
    const again = entry.times > 1 ? ' once more inside its reuse window' : ''
    const took = `${Math.round(entry.durationMs)} ms`
    return `presents ${name}${again}: ${ending(entry)} (${took})`
  },
  served: ({ generation }, name) => `comes with ${name}, and is handed the set of R${generation}`,
  replay: (_, name) => `comes with ${name} long after a later token was seen: the chain is ended`,
  revoked: () => 'is asked to revoke: the chain is ended',
  buried: ({ isRevoked }) =>
    isRevoked === true
      ? 'has what was left revoked at the server'
      : 'could not have what was left revoked at the server',
  handed_over: () => 'could not write the ledger: its caller gets the set all the same',
  ledger_lost: (_, name) => `comes with ${name}, of whose chain the ledger knows nothing`,
  expiresSoon: () => 'warns that the refresh token expires soon, which refreshing does not put off',
  ended: (entry, name) => `ends a call with ${name}: ${endOf(entry)}`,
}

function ending({ outcome, isSpent, status }: Entry): string {
  const left = isSpent === true ? 'it is spent, or may be' : 'it is as it was'
  const said = status === undefined ? '' : ` (status ${status})`
  switch (outcome) {
    case 'granted':
      return isSpent === true ? 'granted, and it is spent' : 'granted, and it is kept'
    case 'rejected':
      return `the server says that the grant is dead${said}`
    case 'refused':
      return `the request is refused${said}: ${left}`
    case 'deferred':
      return `it was not taken${said}: ${left}`
    case 'unknown':
      return `no answer that proves anything${said}: ${left}`
    case undefined:
      return 'nothing is told of its end'
  }
}

function endOf({ state, code }: Entry): string {
  const why = code === undefined ? '' : `, ${code}. ${PROBLEMS[code]}`
  switch (state) {
    case 'rotated':
      return `there is a newer set${why}`
    case 'expiring':
      return `another holder is at it, the old access token serves${why}`
    case 'fresh':
      return `nothing was to be done${why}`
    case 'revoked':
      return `the chain is over${why}`
    case 'error':
    case undefined:
      return `nothing came of it${why}`
  }
}
