import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { differences, pinnedOutcomes, pinnedSizes, pinOutcomes, pinSizes } from './pinned.ts'
import { search } from './search.ts'
import type { Size } from './search.ts'
import { configOf, LONG_WORLDS, nameOf, SHORT_WORLDS, worldOf } from './worlds.ts'

/**
 * Walks the worlds and compares their sizes, and how calls end in them, with what is pinned.
 *
 * `--long`: all of them. `--only TEXT`: those whose name holds the text. `--pin`: writes the sizes
 * down instead of comparing them. `--pin-outcomes`: the same for how calls end; those change only
 * if callers are meant to see something else.
 */
type Message = {
  readonly name: string
  readonly size?: Size
  readonly outcomes?: readonly string[]
  readonly failure?: string
}

const flags = process.argv.slice(2)
const only = flags.includes('--only') ? flags[flags.indexOf('--only') + 1]! : ''
const worlds = (flags.includes('--long') ? LONG_WORLDS : SHORT_WORLDS).filter((setting) =>
  nameOf(setting).includes(only),
)

if (process.send === undefined) process.exitCode = await conduct()
else process.on('message', (index: number) => void process.send!(walk(index)))

function walk(index: number): Message {
  const setting = worlds[index]!
  const name = nameOf(setting)
  try {
    const outcomes = new Set<string>()
    const config = { ...configOf(setting), note: (outcome: string) => void outcomes.add(outcome) }
    const size = search(config, worldOf(setting))
    return { name, size, outcomes: [...outcomes].toSorted() }
  } catch (error) {
    return { name, failure: error instanceof Error ? describe(error) : String(error) }
  }
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n${error.cause.stack}` : error.message
}

/** One world at a time for each core. */
async function conduct(): Promise<number> {
  const pinned = pinnedSizes()
  const seen: Record<string, Size> = {}
  const ends: Record<string, readonly string[]> = {}
  const failures: string[] = []
  let next = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: Math.min(availableParallelism(), worlds.length) }, async () => {
      const child = fork(new URL(import.meta.url).pathname, flags)
      try {
        while (next < worlds.length) {
          const index = next++
          const { name, size, outcomes, failure } = await new Promise<Message>(
            (resolve, reject) => {
              child.once('message', resolve)
              child.once('error', reject)
              child.once('exit', (code) => reject(new Error(`the explorer died with ${code}`)))
              child.send(index)
            },
          )
          child.removeAllListeners()
          if (failure !== undefined) failures.push(failure)
          if (size !== undefined) seen[name] = size
          if (outcomes !== undefined) ends[name] = outcomes
          console.log(failure ?? line(name, size!, pinned[name]))
        }
      } finally {
        child.kill()
      }
    }),
  )
  const total = Object.values(seen).reduce(
    (sum, { states, transitions }) => [sum[0]! + states, sum[1]! + transitions],
    [0, 0],
  )
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${worlds.length} worlds, ${total[0]} states, ${total[1]} transitions, ${seconds} s`)
  if (flags.includes('--pin')) pinSizes(seen)
  if (flags.includes('--pin-outcomes')) pinOutcomes(ends)
  const sizes = pinnedSizes()
  const moved = Object.keys(seen).filter((name) => !isSame(seen[name]!, sizes[name]))
  for (const name of moved) console.log(`✗ ${name}: the size is not the pinned one`)
  const known = pinnedOutcomes()
  // The largest worlds were not written down: they take hours.
  const compared = Object.entries(ends).filter(([name]) => known[name] !== undefined)
  const others = compared.flatMap(([name, each]) =>
    differences(each, known[name]).map((difference) => `✗ ${name}: ${difference}`),
  )
  for (const other of others) console.log(other)
  return failures.length + moved.length + others.length === 0 ? 0 : 1
}

function line(
  name: string,
  { states, transitions, depth }: Size,
  pinned: Size | undefined,
): string {
  const mark = states === pinned?.states && transitions === pinned.transitions ? '✓' : '?'
  return `${mark} ${name}: ${states} states, ${transitions} transitions, depth ${depth}`
}

function isSame(one: Size, other: Size | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
