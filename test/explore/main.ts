import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { search } from './search.ts'
import type { Size } from './search.ts'
import { configOf, LONG_WORLDS, nameOf, SHORT_WORLDS, worldOf } from './worlds.ts'

/**
 * Walks the worlds and holds their sizes against what is pinned.
 *
 * `--long`: all of them. `--only TEXT`: those whose name holds the text. `--pin`: writes the sizes
 * down instead of comparing them.
 */
const SIZES = new URL('sizes.json', import.meta.url)

type Message = { readonly name: string; readonly size?: Size; readonly failure?: string }

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
    return { name, size: search(configOf(setting), worldOf(setting)) }
  } catch (error) {
    return { name, failure: error instanceof Error ? describe(error) : String(error) }
  }
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n${error.cause.stack}` : error.message
}

/** One world at a time for each core. */
async function conduct(): Promise<number> {
  const pinned = JSON.parse(readFileSync(SIZES, 'utf8')) as Record<string, Size>
  const seen: Record<string, Size> = {}
  const failures: string[] = []
  let next = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: Math.min(availableParallelism(), worlds.length) }, async () => {
      const child = fork(new URL(import.meta.url).pathname, flags)
      try {
        while (next < worlds.length) {
          const index = next++
          const { name, size, failure } = await new Promise<Message>((resolve, reject) => {
            child.once('message', resolve)
            child.once('error', reject)
            child.once('exit', (code) => reject(new Error(`the explorer died with ${code}`)))
            child.send(index)
          })
          child.removeAllListeners()
          if (failure !== undefined) failures.push(failure)
          if (size !== undefined) seen[name] = size
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
  if (flags.includes('--pin')) {
    const all = Object.entries({ ...pinned, ...seen }).toSorted(([a], [b]) => (a < b ? -1 : 1))
    writeFileSync(SIZES, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`)
    return failures.length === 0 ? 0 : 1
  }
  const moved = Object.keys(seen).filter((name) => !isSame(seen[name]!, pinned[name]))
  for (const name of moved) console.log(`✗ ${name}: the size is not the pinned one`)
  return failures.length + moved.length === 0 ? 0 : 1
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
