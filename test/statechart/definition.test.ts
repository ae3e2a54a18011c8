import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { AnyStateNode } from 'xstate'
import { INLINE, describeMachine } from '../../machines/describe.ts'
import type { MachineDescription } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Tokens } from '../../src/core/tokens.ts'
import { HOUR_MS, NOW_MS, SETTLED, at, inputOf } from './facts.ts'
import { live, SENT } from './live.ts'

const chart = describeMachine(refreshMachine)

/** Everything that a state does is its own or that of a state around it. */
function leaving(path: string): MachineDescription['transitions'] {
  return chart.transitions.filter(({ from }) => path === from || path.startsWith(`${from}.`))
}

describe('the definition of the chart', () => {
  it('lets nothing leave a presentation but its own end', () => {
    const events = leaving('refreshing.presenting').map(({ event }) => event)

    expect(new Set(events)).toEqual(new Set(['done(present)', 'error(present)']))
    expect(leaving('').map(({ event }) => event)).toEqual([])
  })

  it('hears the application where it waits, and nowhere else', () => {
    const others = chart.transitions.filter(({ event }) => !/^(always|\w+\(\w+\))$/.test(event))

    expect(others.map(({ from, event }) => `${from} ${event}`)).toEqual([
      'fresh.ageing REVOKE',
      'expiring.serving REVOKE',
      'expiring.following REVOKE',
      'expiring.following DRAIN',
      'expiring.backingOff REVOKE',
      'expiring.backingOff DRAIN',
      'rotated STORED',
      'rotated REVOKE',
      'error REVOKE',
    ])
  })

  it('tags the states where a call ends', () => {
    const tagged = chart.states.filter(({ tags }) => tags.includes('settled'))

    const innermost = tagged.filter(({ initial }) => initial === undefined)
    expect(innermost.map(({ path }) => path)).toEqual([...SETTLED])
    expect(chart.states.filter(({ isFinal }) => isFinal).map(({ path }) => path)).toEqual([
      'revoked',
    ])
  })

  it('waits for actors and timers only, so that an inspector sees every wait', () => {
    const eventless = chart.transitions.filter(({ event }) => event === 'always')

    expect(eventless.map(({ from, guard }) => [from, guard])).toEqual([
      ['fresh.judging', 'isDue'],
      ['fresh.judging', undefined],
    ])
  })

  it('describes every state and every transition in a sentence', () => {
    const all = [...chart.states, ...chart.transitions].map(({ description }) => description)

    expect(all.filter((text) => !/^[A-Z].*[.]$/.test(text ?? ''))).toEqual([])
  })

  it('can reach every state', () => {
    const reached = new Set<string>()
    const reach = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      const around = path.slice(0, Math.max(path.lastIndexOf('.'), 0))
      if (around !== '') reached.add(around)
      const inner = chart.states.find((state) => state.path === path)?.initial
      if (inner !== undefined) reach(inner)
      for (const { target } of leaving(path)) if (target !== undefined) reach(target)
    }
    reach(chart.initial)

    expect(chart.states.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
  })

  it('names every guard, action, actor and delay', () => {
    const guards = chart.transitions.flatMap(({ guard }) => (guard === undefined ? [] : [guard]))
    const actions = chart.transitions.flatMap((transition) => transition.actions)
    const actors = chart.states.flatMap(({ invokes }) => invokes)
    const delays = chart.transitions.flatMap(
      ({ event }) => /^after\((.*)\)$/.exec(event)?.slice(1) ?? [],
    )
    const { implementations } = refreshMachine

    expect([...guards, ...actions, ...actors]).not.toContain(INLINE)
    expect(new Set(guards)).toEqual(new Set(Object.keys(implementations.guards)))
    expect(new Set(actions)).toEqual(new Set(Object.keys(implementations.actions)))
    expect(new Set(actors)).toEqual(new Set(Object.keys(implementations.actors)))
    expect(new Set(delays)).toEqual(new Set(Object.keys(implementations.delays)))
  })

  it('has entry and exit actions for its timers only, which XState puts there', () => {
    const nodesIn = (node: AnyStateNode): AnyStateNode[] => [
      node,
      ...Object.values(node.states).flatMap(nodesIn),
    ]
    const nodes = nodesIn(refreshMachine.root)

    expect(nodes).toHaveLength(1 + chart.states.length)
    expect(nodes.filter(({ config }) => 'entry' in config || 'exit' in config)).toEqual([])
  })

  it('keeps its names when it is exported as JSON', () => {
    const exported = JSON.stringify(refreshMachine.config)
    const plain = JSON.parse(exported) as object
    const names = chart.transitions.flatMap(({ guard, actions }) => [guard ?? [], actions].flat())

    expect(JSON.stringify(plain)).toBe(exported)
    expect(names.filter((name) => !exported.includes(`"${name}"`))).toEqual([])
    expect(JSON.parse(JSON.stringify(refreshMachine.definition))).toMatchObject({ id: 'refresh' })
  })
})

describe('tokens inside the chart', () => {
  it('are printed by no snapshot and no inspection event', async () => {
    const secrets = ['canary-refresh', 'canary-access', 'canary-id', 'canary-chain'] as const
    const [refresh, access, id, chain] = secrets.map((text) => new Secret(text))
    refresh!.nameAs('f1ngerpr1nt')
    const tokens: Tokens = {
      refreshToken: refresh!,
      idToken: id!,
      access: new Map([['', { token: access!, expiresAtMs: NOW_MS + HOUR_MS }]]),
    }
    const position = { secret: chain!, generation: 1 }
    const expiring = inputOf(tokens, position, NOW_MS)
    const run = live(
      {
        claim: () => ({ type: 'won', claim: { tokens }, position }),
        present: () => SENT,
        settle: () => ({ type: 'granted', tokens, position: at(2) }),
      },
      { ...expiring, demand: { ...expiring.demand, refused: access! } },
    )

    await run.settle()
    await run.store()
    const snapshot = run.actor.getSnapshot()
    const printed = [
      ...run.inspected.map((event) => JSON.stringify(event)),
      ...run.inspected.map((event) => inspect({ ...event, rootId: '', actorRef: '' })),
      JSON.stringify(snapshot),
      JSON.stringify(run.actor.getPersistedSnapshot()),
      inspect(snapshot.context, { depth: null }),
    ].join('\n')

    expect(run.calls.slice(0, 3)).toEqual(['claim', 'present', 'settle'])
    expect(printed).toContain('[secret f1ngerpr1nt]')
    for (const text of secrets) expect(printed).not.toContain(text)
  })
})
