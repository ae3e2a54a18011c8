import { inUnits } from '../invariants.ts'
import { nameOf } from '../authorization-server/grants.ts'
import type { ServerInMemory } from '../authorization-server/server.ts'

export interface StoryLine {
  /** Milliseconds since the story began. */
  readonly atMs: number
  readonly who: string
  readonly what: string
}

/** The events of a run in plain words. Holds no token: they have names. */
export interface Story {
  readonly lines: readonly StoryLine[]
  tell(who: string, what: string): void
  /** The name of a token: `R0` is the first refresh token, `A0` the first access token. */
  nameOf(token: string | undefined): string
}

export function createStory(server: ServerInMemory, now: () => number): Story {
  const lines: StoryLine[] = []
  return {
    lines,
    tell: (who, what) => void lines.push({ atMs: now(), who, what }),
    nameOf: (token) => (token === undefined ? 'no token' : nameOf(server.grants, token)),
  }
}

const WHO_WIDTH = 9

/** The lines as a timeline. */
export function timelineOf(lines: readonly StoryLine[]): string {
  const times = lines.map(({ atMs }) => `+${inUnits(atMs)}`)
  const width = Math.max(...times.map((time) => time.length))
  return lines
    .map(({ who, what }, index) => {
      const isSame = index > 0 && times[index] === times[index - 1]
      const time = (isSame ? '' : times[index]!).padStart(width)
      return `  ${time}  ${who.padEnd(WHO_WIDTH)} ${plain(what)}`
    })
    .join('\n')
}

/** A foreign text, which may hold line breaks and colours, on one line. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028-\u202E\u2066-\u2069]+/gu, ' ')
}
