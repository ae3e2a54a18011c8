import { readFileSync, writeFileSync } from 'node:fs'
import type { Size } from './search.ts'

/** What a world was when it was pinned: its size, and every way in which a call ended in it. */
type Named<T> = Readonly<Record<string, T>>

const SIZES = new URL('sizes.json', import.meta.url)
const OUTCOMES = new URL('outcomes.json', import.meta.url)

/** In the file each outcome stands once, and a world is the list of their indices. */
interface OutcomesFile {
  readonly outcomes: readonly string[]
  readonly worlds: Named<string>
}

export function pinnedSizes(): Named<Size> {
  return read(SIZES) as Named<Size>
}

export function pinSizes(seen: Named<Size>): void {
  write(SIZES, sorted({ ...pinnedSizes(), ...seen }))
}

export function pinnedOutcomes(): Named<readonly string[]> {
  const { outcomes, worlds } = read(OUTCOMES) as OutcomesFile
  return Object.fromEntries(
    Object.entries(worlds).map(([name, indices]) => [
      name,
      indices.split(' ').map((index) => outcomes[Number(index)]!),
    ]),
  )
}

export function pinOutcomes(seen: Named<readonly string[]>): void {
  const all = sorted({ ...pinnedOutcomes(), ...seen })
  const outcomes = [...new Set(Object.values(all).flat())].toSorted()
  const indices = new Map(outcomes.map((outcome, index) => [outcome, index]))
  const worlds = Object.fromEntries(
    Object.entries(all).map(([name, each]) => [
      name,
      each.map((outcome) => indices.get(outcome)).join(' '),
    ]),
  )
  write(OUTCOMES, { outcomes, worlds } satisfies OutcomesFile)
}

/** What is in one list and not in the other, as lines for a reader. */
export function differences(seen: readonly string[], pinned: readonly string[] = []): string[] {
  return [
    ...seen.filter((each) => !pinned.includes(each)).map((each) => `+ ${each}`),
    ...pinned.filter((each) => !seen.includes(each)).map((each) => `- ${each}`),
  ]
}

function read(url: URL): unknown {
  return JSON.parse(readFileSync(url, 'utf8'))
}

function write(url: URL, value: object): void {
  writeFileSync(url, `${JSON.stringify(value, undefined, 2)}\n`)
}

function sorted<T>(record: Named<T>): Named<T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
