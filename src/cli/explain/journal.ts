import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Misused } from '../misused.ts'
import { entryIn, type Entry } from './entry.ts'

/** The lines of a journal, by what they are. */
export interface Tally {
  events: number
  /** Those of which something could not be read: how a presentation, or a call, ended. */
  unread: number
  /** Lines that were there already, to the letter. */
  repeated: number
  /** JSON that is no event of ours, and text. */
  foreign: number
  /** Lines that begin like JSON and break off. */
  broken: number
}

/** Longer lines are nobody's events. */
const LINE_MAX = 64 * 1024

/**
 * Reads journals one after the other, line by line: of whatever size, only a part of it is in
 * memory at a time. What is delivered twice counts once.
 *
 * @returns The lines that were there.
 * @throws {Misused} For a file that cannot be read.
 */
export async function readJournals(
  files: readonly string[],
  take: (entry: Entry) => void,
): Promise<Tally> {
  const tally: Tally = { events: 0, unread: 0, repeated: 0, foreign: 0, broken: 0 }
  const seen = new Set<string>()
  const see = (line: string): void => {
    const found = entryOf(line)
    if (typeof found === 'string') tally[found] += 1
    if (typeof found !== 'object') return
    const digest = createHash('sha1').update(line).digest('binary')
    if (seen.has(digest)) return void (tally.repeated += 1)
    seen.add(digest)
    tally.events += 1
    if (isUnread(found)) tally.unread += 1
    take(found)
  }
  for (const file of files) {
    try {
      await readLines(file, see)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === undefined) throw error
      throw new Misused(`${file} cannot be read (${code})`, { cause: error })
    }
  }
  return tally
}

async function readLines(file: string, see: (line: string) => void): Promise<void> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop()!
    for (const line of lines) see(line)
    // Enough to be counted, and not to be read.
    if (rest.length > LINE_MAX) rest = rest.slice(0, LINE_MAX)
  }
  see(rest)
}

function isUnread({ type, outcome, state }: Entry): boolean {
  return (type === 'presented' && !outcome) || (type === 'ended' && !state)
}

function entryOf(line: string): Entry | 'foreign' | 'broken' | undefined {
  const text = line.trim()
  if (text === '') return undefined
  if (!text.startsWith('{')) return 'foreign'
  try {
    return entryIn(JSON.parse(text)) ?? 'foreign'
  } catch {
    return 'broken'
  }
}
