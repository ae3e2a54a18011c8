import type { Chain } from './chain.ts'

/** What happened in a world, in plain words. Holds no token: they have names. */
export interface Journal {
  /** Of a chain; of the whole world, if there is none. */
  tell(chain: Chain | undefined, who: string, what: string): void
  /** All of it, a line each. */
  readonly lines: readonly string[]
  /** What concerns one chain. */
  storyOf(chain: Chain | undefined): readonly string[]
}

const WHO_WIDTH = 10
const DAY_MS = 86_400_000

export function createJournal(now: () => number): Journal {
  const entries: { readonly chain: Chain | undefined; readonly line: string }[] = []
  return {
    tell(chain, who, what) {
      const line = `${timeOf(now())}  ${who.padEnd(WHO_WIDTH)} ${what}`
      entries.push({ chain, line })
    },
    get lines() {
      return entries.map(({ line }) => line)
    },
    storyOf: (chain) =>
      entries
        .filter((entry) => entry.chain === undefined || entry.chain === chain)
        .map(({ line }) => line),
  }
}

/** `day 12 03:04:05.678` */
function timeOf(ms: number): string {
  const time = new Date(ms % DAY_MS).toISOString().slice(11, -1)
  return `day ${String(Math.floor(ms / DAY_MS)).padStart(3)} ${time}`
}
