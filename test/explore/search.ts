import { createHash } from 'node:crypto'
import { keyOf } from './key.ts'
import { describeRest } from './outcomes.ts'
import { checkQuiet } from './properties.ts'
import { Violation } from './violation.ts'
import { probe } from './probe.ts'
import { stepsOf } from './steps.ts'
import type { Config, World } from './world.ts'

export interface Size {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly quiet: number
}

/** A property that does not hold, and the shortest way there. */
class Counterexample extends Error {
  readonly story: readonly string[]

  constructor(config: Config, reason: string, story: readonly string[]) {
    super(`${config.name}: ${reason}\n${story.map((step, i) => `${i + 1}. ${step}`).join('\n')}`)
    this.story = story
  }
}

/** Walks every state that can be reached, breadth first, and checks each. */
export function search(config: Config, first: World): Size {
  const parents = new Map<string, readonly [parent: string, label: string]>()
  const story = (key: string): string[] => {
    const labels: string[] = []
    for (let at = parents.get(key); at !== undefined && at[1] !== ''; at = parents.get(at[0])) {
      labels.unshift(at[1])
    }
    return labels
  }
  let frontier: [string, World][] = [[digest(first), first]]
  parents.set(frontier[0]![0], ['', ''])
  const { note: _, ...calm } = config
  let transitions = 0
  let depth = 0
  let quiet = 0
  while (frontier.length > 0) {
    const next: [string, World][] = []
    for (const [key, world] of frontier) {
      let label = ''
      try {
        const isQuiet = isAtRest(world)
        if (isQuiet) {
          quiet += 1
          label = '(at rest)'
          checkQuiet(world)
          config.note?.(describeRest(world))
          probe(world, calm)
        }
        let isStuck = !isQuiet
        for (const [name, reached] of stepsOf(world, config)) {
          label = name
          isStuck = false
          transitions += 1
          const reachedKey = digest(reached)
          if (parents.has(reachedKey)) continue
          parents.set(reachedKey, [key, name])
          next.push([reachedKey, reached])
        }
        label = '(stuck)'
        if (isStuck) throw new Violation('liveness: nobody can do anything')
      } catch (error) {
        if (!(error instanceof Violation)) {
          throw new Error([...story(key), label].join('\n'), { cause: error })
        }
        throw new Counterexample(config, error.message, [...story(key), label])
      }
    }
    if (next.length > 0) depth += 1
    frontier = next
  }
  return { states: parents.size, transitions, depth, quiet }
}

function isAtRest({ workers, tasks }: World): boolean {
  return tasks.length === 0 && workers.every(({ run }) => run === undefined)
}

function digest(world: World): string {
  return createHash('sha1').update(keyOf(world)).digest('base64')
}
