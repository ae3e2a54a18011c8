import type { AnyStateMachine } from 'xstate'
import { STARTS, STEPS } from './expectation/table.ts'
import type { Start } from './expectation/table.ts'
import type { Led, Step } from './expectation/step.ts'
import { LONGEST_MS, RECHECK_MS, SETTLED, expiryOf, AHEAD_MS } from './facts.ts'
import type { ActorName, Facts, StateName } from './facts.ts'
import { after, factsOf, start } from './run.ts'
import type { Run } from './run.ts'

/** What a state does by being entered. */
const CALLS: Readonly<Partial<Record<StateName, ActorName>>> = {
  'expiring.claiming': 'claim',
  'expiring.following': 'follow',
  'refreshing.presenting': 'present',
  'refreshing.settling': 'settle',
  'refreshing.reloading': 'reload',
}

const WAITS: Readonly<Partial<Record<StateName, (facts: Facts) => number | undefined>>> = {
  'fresh.ageing': ({ tokens, nowMs }) => Math.min(expiryOf(tokens) - AHEAD_MS - nowMs, LONGEST_MS),
  'expiring.serving': () => RECHECK_MS,
  'expiring.backingOff': ({ retryInMs }) => retryInMs,
  'refreshing.waitingToPresentAgain': ({ retryInMs }) => retryInMs,
  error: ({ retryInMs }) => Math.min(retryInMs ?? Infinity, LONGEST_MS),
}

/** Where a route stands: what was expected of every step, and what the machine did. */
interface Stop {
  readonly facts: Facts
  readonly run: Run
  readonly taken: readonly Step[]
  readonly visited: readonly StateName[]
}

export interface Hop {
  readonly from: StateName | 'fresh.judging'
  /** How it came to that: the type of an event, or what else happened. */
  readonly kind: string
  readonly to: StateName
}

export interface Walk {
  /** Routes that were gone to their end. */
  readonly routes: number
  /** Steps that were checked on the way. */
  readonly steps: number
  readonly hops: readonly Hop[]
  /** The rows of the table that were used. */
  readonly used: ReadonlySet<Step>
}

/**
 * Goes every route of a kind with a machine, and compares after each step everything that can be
 * known of the run with what the table expects.
 *
 * @throws As soon as something is not as expected, saying by which steps it was reached.
 */
export function walk(machine: AnyStateMachine, kind: Kind): Walk {
  let routes = 0
  let steps = 0
  const hops = new Map<string, Hop>()
  const used = new Set<Step>()
  const go = (stop: Stop): void => {
    const onward = kind.isOver(stop) ? [] : STEPS[stop.facts.state]
    let isEnd = true
    for (const step of onward) {
      const led = kind.allows(stop, step) ? step.leads(stop.facts) : undefined
      if (led === undefined) continue
      isEnd = false
      const next = { facts: factsAfter(stop.facts, led), run: stop.run }
      const taken = [...stop.taken, step]
      next.run = attempt(taken, () => after(machine, stop.run, led.happens))
      compare(next.facts, next.run, taken)
      const { happens, to } = led
      const how = happens.kind === 'event' ? happens.event.type : happens.kind
      const hop = { from: stop.facts.state, kind: how, to }
      hops.set(`${hop.from} ${hop.kind} ${hop.to}`, hop)
      used.add(step)
      steps += 1
      go({ ...next, taken, visited: [...stop.visited, stop.facts.state] })
    }
    if (isEnd) routes += 1
  }
  for (const first of STARTS) {
    const facts = factsAtStart(first)
    const run = attempt([], () => start(machine, first.input))
    compare(facts, run, [])
    hops.set(`start ${first.to}`, { from: 'fresh.judging', kind: 'start', to: first.to })
    go({ facts, run, taken: [], visited: [] })
  }
  return { routes, steps, hops: [...hops.values()], used }
}

/** Which routes are gone. */
export interface Kind {
  isOver(stop: Stop): boolean
  allows(stop: Stop, step: Step): boolean
}

/** A per-call run: to the first settled state, and nothing happens twice. */
export const PER_CALL: Kind = {
  isOver: ({ facts }) => SETTLED.has(facts.state),
  allows: ({ taken }, step) => !taken.includes(step),
}

/** A long-lived run: on and on, until it comes to a state where it has been. */
export const LONG_LIVED: Kind = {
  isOver: ({ facts, visited }) => visited.includes(facts.state),
  allows: () => true,
}

/** A long-lived run that comes to where it has been twice before. */
export const LONG_LIVED_TWICE: Kind = {
  isOver: ({ facts, visited }) => visited.filter((state) => state === facts.state).length > 1,
  allows: () => true,
}

function factsAtStart({ input, to }: Start): Facts {
  return entered({
    state: to,
    tokens: input.tokens,
    position: input.position,
    hasGrantField: input.position !== undefined,
    isCallersToken: true,
    callerGeneration: undefined,
    beganAtMs: undefined,
    nowMs: input.nowMs,
    elapsedMs: 0,
    adoptions: 0,
    attempt: 0,
    retryInMs: undefined,
    hasReloaded: false,
    claim: undefined,
    presentations: 0,
    firstSentAtMs: undefined,
    sending: undefined,
    watch: undefined,
    problem: undefined,
    calls: [],
    waitsMs: undefined,
  })
}

function factsAfter(was: Facts, { to, changes }: Led): Facts {
  return { ...entered({ ...was, ...changes, state: to }), ...changes }
}

function entered(facts: Facts): Facts {
  const call = CALLS[facts.state]
  return {
    ...facts,
    calls: call === undefined ? facts.calls : [...facts.calls, call],
    waitsMs: WAITS[facts.state]?.(facts),
  }
}

/** Tokens, places and claims must be the very same ones; the rest must say the same. */
function compare(expected: Facts, run: Run, taken: readonly Step[]): void {
  const actual = factsOf(run)
  const given = CALLS[expected.state] === undefined ? expected : (run.given as Partial<Facts>)
  for (const key of Object.keys(expected) as (keyof Facts)[]) {
    if (!isSame(key, expected[key], actual[key])) fail(taken, key, expected[key], actual[key])
    if (key === 'state' || key === 'calls' || key === 'waitsMs') continue
    if (!isSame(key, expected[key], given[key]))
      fail(taken, `given ${key}`, expected[key], given[key])
  }
}

function isSame(key: keyof Facts, expected: unknown, actual: unknown): boolean {
  if (Object.is(expected, actual)) return true
  if (key !== 'problem' && key !== 'calls') return false
  return JSON.stringify(expected) === JSON.stringify(actual)
}

function fail(taken: readonly Step[], what: string, expected: unknown, actual: unknown): never {
  const route = taken.map(({ says }) => says).join(' > ') || 'the start'
  throw new Error(
    `${what} after ${route}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  )
}

function attempt(taken: readonly Step[], act: () => Run): Run {
  try {
    return act()
  } catch (error) {
    return fail(taken, 'the run', 'a next state', String(error))
  }
}
