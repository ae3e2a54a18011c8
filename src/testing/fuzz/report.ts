import type { Behaviour } from '../authorization-server/description.ts'
import { INVARIANTS } from './invariants.ts'
import type { World } from './observed.ts'
import { inUnits, plain, timelineOf } from './story.ts'

/** Where a counterexample is found again. */
export interface Replay {
  readonly seed: number
  readonly path: string
}

/** `42:0:3:1`: the seed, and the way from there. */
export function writeReplay({ seed, path }: Replay): string {
  return path === '' ? `${seed}` : `${seed}:${path}`
}

/** @throws {TypeError} For what {@link writeReplay} does not write. */
export function readReplay(text: string): Replay {
  const match = /^(-?\d+)(?::([\d:]+))?$/.exec(text)
  if (match === null) throw new TypeError(`'${text}' is no replay: it looks like 42:0:3:1`)
  return { seed: Number(match[1]), path: match[2] ?? '' }
}

/** A counterexample in plain words: what does not hold, how it came about, how to see it again. */
export function reportOf(world: World, command: string): string {
  const { violation, subject, story } = world
  const { invariant, message } = violation!
  return [
    `${invariant}: ${INVARIANTS[invariant]}`,
    `  ${plain(message)}`,
    '',
    `provider  ${plain(subject.provider.id)}`,
    `server    ${plain(subject.description.name)}: ${behaviourOf(world)}`,
    '',
    timelineOf([...story.lines]),
    '',
    `again: ${command}`,
  ].join('\n')
}

/** What the server does, and which of it nobody knew. */
function behaviourOf({ drawn: { behaviour, drawn } }: World): string {
  const told = TOLD.map((axis) => {
    const words = WORDS[axis](behaviour)
    return drawn.includes(axis) ? `${words} (drawn)` : words
  })
  return told.join('; ')
}

type Words = { readonly [K in (typeof TOLD)[number]]: (behaviour: Behaviour) => string }

const TOLD = ['rotation', 'reuseWindow', 'reuseEffect', 'oldAccessToken', 'validates'] as const

const WORDS: Words = {
  rotation: ({ rotation, keptAs }) =>
    rotation === 'always' ? 'rotates always' : `rotates ${rotation}, else the token is ${keptAs}`,
  reuseWindow: ({ reuseWindow }) =>
    typeof reuseWindow === 'object'
      ? `takes a spent token for ${inUnits(reuseWindow.ms)}`
      : WINDOWS[reuseWindow],
  reuseEffect: ({ reuseEffect }) => `reuse costs the ${REUSE[reuseEffect]}`,
  oldAccessToken: ({ oldAccessToken }) =>
    oldAccessToken === 'dies' ? 'older access tokens die' : 'older access tokens live',
  validates: ({ validates }) =>
    validates === 'after_consuming' ? 'consumes, then validates' : 'validates, then consumes',
}

const WINDOWS = {
  none: 'takes a spent token never',
  forever: 'takes a spent token for ever',
  until_successor_used: 'takes a spent token until its successor is used',
} as const

const REUSE = { error: 'token only', family: 'refresh tokens', grant: 'whole grant' } as const
