import { describe, expect, it } from 'vitest'
import type { Line } from '../../src/inspect/index.ts'
import { gate } from '../runtime/clock.ts'
import { expectNoSecret, world } from '../runtime/world.ts'
import { expectWalk, until, watcher } from './watching.ts'

/** What a run does, in few words. */
const told = (line: Line): string => {
  if (line.kind === 'step') return `${line.from} > ${line.to}`
  if (line.kind === 'call') {
    return line.phase === 'began' ? `${line.actor}?` : `${line.actor}: ${line.says}`
  }
  return line.kind === 'event' ? `(${line.event.type})` : line.kind
}

describe('the lines of a refresh', () => {
  it('tell every call and every transition, the transient ones too', async () => {
    const { process, signIn, expire, secrets } = await world()
    const inspect = watcher()
    const tokens = await signIn()
    expire()

    await process({ inspect }).refresh(tokens)
    await until(() => inspect.of('event').some(({ event }) => event.type === 'ended'))

    expect(inspect.told.map(told)).toEqual([
      'run',
      'fresh.judging > expiring.claiming',
      'claim?',
      '(claimed)',
      'claim: won',
      'expiring.claiming > refreshing.presenting',
      'present?',
      'present: sent',
      'refreshing.presenting > refreshing.settling',
      'settle?',
      '(presented)',
      'settle: granted',
      'refreshing.settling > rotated.renewed',
      'ended',
      '(ended)',
    ])
    expectWalk(inspect.of('step'))
    expectNoSecret(secrets, JSON.stringify(inspect.told))
  })

  it('name token, grant and generation by the fingerprints of the events', async () => {
    const { process, signIn, expire } = await world()
    const inspect = watcher()
    const refresher = process({ inspect })
    const first = await signIn()
    expire()
    const { tokens } = await refresher.refresh(first)
    expire()
    await refresher.refresh(tokens)
    await until(() => inspect.of('ended').length === 2)

    const [one, two] = inspect.of('ended')
    const claimed = inspect.of('event').filter(({ event }) => event.type === 'claimed')

    expect(one).toMatchObject({ state: 'rotated', at: 'rotated.renewed', generation: 1 })
    expect(two).toMatchObject({ grant: one!.grant, generation: 2 })
    expect(claimed[1]!.event.token).toBe(one!.token)
    expect(claimed[1]!.event).toMatchObject({ grant: one!.grant })
    expect(inspect.of('run')[1]).toMatchObject({ token: one!.token, grant: one!.grant })
  })

  it('count those who join, and say whom', async () => {
    const { process, signIn, expire } = await world()
    const inspect = watcher()
    const refresher = process({ inspect })
    const tokens = await signIn()
    expire()

    await Promise.all(Array.from({ length: 5 }, () => refresher.refresh({ ...tokens })))
    await until(() => inspect.of('ended').length === 1)

    const { run } = inspect.of('run')[0]!
    expect(inspect.of('joined').map((line) => line.run)).toEqual([run, run, run, run])
  })

  it('say what is asked for', async () => {
    const resource = 'https://api.example.com'
    const { process, signIn } = await world({ resources: [resource] })
    const inspect = watcher()
    const refresher = process({ inspect })
    const scope = 'openid offline_access read'

    await refresher.refresh(await signIn('public', { resource: [resource], scope }), { resource })
    await refresher.refresh(await signIn(), { refused: true })
    await until(() => inspect.of('ended').length === 2)

    expect(inspect.of('run')).toMatchObject([
      { mode: 'per-call', hasAudience: true, isForced: false },
      { mode: 'per-call', hasAudience: false, isForced: true },
    ])
  })

  it('say what was wrong', async () => {
    const { process, signIn, expire, server } = await world()
    const inspect = watcher()
    const tokens = await signIn()
    expire()
    server.endGrant(tokens.refreshToken!)

    await process({ inspect }).refresh(tokens)
    await until(() => inspect.of('ended').length === 1)

    const answers = inspect.of('call').filter((line) => line.phase === 'ended')
    expect(answers).toMatchObject([
      { actor: 'claim', call: 1, says: 'won' },
      { actor: 'present', call: 2, says: 'sent' },
      { actor: 'settle', call: 3, says: 'rejected', code: 'rejected', status: 400 },
      { actor: 'reload', call: 4, says: 'ended', code: 'rejected' },
    ])
    expect(inspect.of('ended')).toMatchObject([{ state: 'revoked', code: 'rejected' }])
    expectWalk(inspect.of('step'))
  })

  it('tell nothing of a fresh set', async () => {
    const { process, signIn, expire } = await world()
    const inspect = watcher()
    const refresher = process({ inspect })
    const tokens = await signIn()

    await refresher.refresh(tokens)
    expire()
    await refresher.refresh(tokens)
    await until(() => inspect.of('ended').length === 1)

    expect(inspect.of('run')).toHaveLength(1)
  })
})

describe('the lines of a keeper', () => {
  it('go round until it is stopped', async () => {
    const { process, signIn, clock, secrets } = await world()
    const inspect = watcher()
    const refresher = process({ inspect })
    const stored = [gate(), gate()]
    let count = 0
    const tokens = await signIn()

    const keeper = refresher.keep(tokens, { onChanged: () => stored[count++]!.open() })
    for (const { opened } of stored) {
      await clock.timer((ms) => ms > 1_000_000)
      clock.advance(3_600_000)
      await opened
    }
    const toldStored = () => inspect.of('step').filter(({ event }) => event === 'STORED').length
    await until(() => toldStored() === stored.length)
    await keeper.stop()
    await until(() => inspect.of('ended').length === 1)

    expect(inspect.of('run')).toMatchObject([{ mode: 'long-lived' }])
    const exchange = ['done(claim)', 'done(present)', 'done(settle)']
    const round = ['always', 'after(freshFor)', ...exchange, 'STORED']
    expect(inspect.of('step').map(({ event }) => event)).toEqual([...round, ...round, 'always'])
    expectWalk(inspect.of('step'))
    expectNoSecret(secrets, JSON.stringify(inspect.told))
  })
})
