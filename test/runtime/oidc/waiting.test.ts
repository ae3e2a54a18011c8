import { describe, expect, it } from 'vitest'
import { gate } from '../clock.ts'
import { HOUR_MS, world } from '../world.ts'

describe('a caller that stops waiting', () => {
  it('stops nothing else: the exchange ends and is settled', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const refresher = process()
    const stop = new AbortController()

    const leaving = refresher.refresh(tokens, { signal: stop.signal })
    const staying = refresher.refresh(tokens)
    await server.until(({ granted }) => granted === 1)
    stop.abort()
    const left = await leaving
    answer.open()
    const stayed = await staying

    expect(left).toMatchObject({ usable: false, needsSignIn: false, changed: false })
    expect(left.error?.code).toBe('aborted')
    expect(stayed).toMatchObject({ state: 'rotated', usable: true })
    expect(await process().refresh(tokens)).toMatchObject({ accessToken: stayed.accessToken })
    expect(server.counts().presentations).toBe(1)
  })

  it('may be the only one', async () => {
    const { server, process, signIn, expire, told } = await world()
    const tokens = await signIn()
    expire()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const refresher = process()
    const stop = new AbortController()

    const leaving = refresher.refresh(tokens, { signal: stop.signal })
    await server.until(({ granted }) => granted === 1)
    stop.abort(new Error('the client went away'))
    await leaving
    answer.open()
    await refresher.drain()

    expect(told('presented')).toMatchObject([{ outcome: 'granted' }])
    expect(await process().refresh(tokens)).toMatchObject({ usable: true, changed: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('never begins to wait when its signal has aborted already', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const refresher = process()

    const outcome = await refresher.refresh(tokens, { signal: AbortSignal.abort() })
    await refresher.drain()

    expect(outcome.error?.code).toBe('aborted')
  })
})

describe('a caller that stops waiting while their access token is good', () => {
  it('is served it, unless it was refused', async () => {
    const { process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - 5_000)
    const signal = AbortSignal.abort()

    const served = await process().refresh(tokens, { signal })
    const refused = await process().refresh(tokens, { signal, refused: true })

    const { accessToken } = tokens
    expect(served).toMatchObject({ usable: true, accessToken, error: { code: 'aborted' } })
    expect(refused).toMatchObject({ usable: false, accessToken: undefined })
  })
})

describe('waitUntil', () => {
  it('is handed the exchange, which never rejects', async () => {
    const { process, signIn, expire, server } = await world()
    const tokens = await signIn()
    expire()
    const handed: Promise<unknown>[] = []

    const outcome = await process().refresh(tokens, {
      signal: AbortSignal.abort(),
      waitUntil: (work) => handed.push(work),
    })
    await Promise.all(handed)

    expect(outcome.error?.code).toBe('aborted')
    expect(handed).toHaveLength(1)
    expect(server.counts().granted).toBe(1)
  })

  it('may throw: the exchange goes on', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()

    const outcome = await process().refresh(tokens, {
      waitUntil: () => {
        throw new Error('no context')
      },
    })

    expect(outcome).toMatchObject({ state: 'rotated', usable: true, error: undefined })
  })
})

describe('drain', () => {
  it('waits for exchanges under way and begins none; stale holders are still served', async () => {
    const { server, process, signIn, expire } = await world()
    const [old, other] = [await signIn(), await signIn()]
    expire()
    const refresher = process()
    const served = await refresher.refresh(old)
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const running = refresher.refresh(other)
    await server.until(({ granted }) => granted === 2)
    let isDrained = false

    const draining = refresher.drain().then(() => (isDrained = true))
    const blocked = await refresher.refresh(await signIn(), { refused: true })
    const stale = await refresher.refresh(old)
    expect(isDrained).toBe(false)
    answer.open()
    await draining

    expect(await running).toMatchObject({ state: 'rotated' })
    expect(blocked).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'draining' },
    })
    expect(stale).toMatchObject({ usable: true, accessToken: served.accessToken })
    expect(server.counts().presentations).toBe(2)
  })

  it('leaves nothing claimed behind', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const refresher = process()
    await refresher.drain()

    const blocked = await refresher.refresh(tokens)
    const elsewhere = await process().refresh(tokens)

    expect(blocked.error?.code).toBe('draining')
    expect(elsewhere).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })
})
