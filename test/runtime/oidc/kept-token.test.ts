import { describe, expect, it } from 'vitest'
import type { Overrides } from '../../../src/core/provider.ts'
import { gate } from '../clock.ts'
import { world } from '../world.ts'

const sometimes: Overrides = { rotation: 'sometimes' }
const never: Overrides = { rotation: 'never', reuse: 'accepted' }

describe('an AS that keeps the refresh token (RFC 6749 §6)', () => {
  it('is asked once per generation of access tokens, with the same refresh token', async () => {
    const { server, process, signIn, expire } = await world({ rotates: false, presentsTwice: true })
    const first = await signIn()
    const processes = [process({ axes: sometimes }), process({ axes: sometimes })]
    let tokens = first

    for (let round = 1; round <= 4; round += 1) {
      expire()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) => processes[i % 2]!.refresh(tokens)),
      )
      expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
      expect(outcomes[0]!.accessToken).not.toBe(tokens.accessToken)
      tokens = outcomes[0]!.tokens
      expect(tokens.refreshToken).toBe(first.refreshToken)
      expect(server.counts()).toMatchObject({ presentations: round, atOnceMax: 1 })
    }
  })

  it('lets the holder of an older access token take over the newest', async () => {
    const { server, process, signIn, expire } = await world({ rotates: false })
    const tokens = await signIn()
    expire()
    const newest = await process({ axes: sometimes }).refresh(tokens)

    const late = await process({ axes: sometimes }).refresh(tokens)
    const without = await process({ axes: sometimes }).refresh({
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      expiresAtMs: tokens.expiresAtMs,
    })

    expect(late.accessToken).toBe(newest.accessToken)
    expect(without.accessToken).toBe(newest.accessToken)
    expect(server.counts().presentations).toBe(1)
  })

  it('is asked again after a lost answer where tokens never rotate', async () => {
    const { server, process, signIn, expire } = await world({ rotates: false, presentsTwice: true })
    const tokens = await signIn()
    expire()
    server.faults.next({ kind: 'cut_after' })

    const lost = await process({ axes: never }).refresh(tokens)
    const next = await process({ axes: never }).refresh(tokens)

    expect(lost).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'unknown' } })
    expect(next).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
    expect(server.counts()).toMatchObject({ presentations: 2, atOnceMax: 1 })
  })

  it('takes over an overdue claim where tokens never rotate; both holders end well', async () => {
    const { process, signIn, expire, clock } = await world({
      rotates: false,
      presentsTwice: true,
    })
    const tokens = await signIn()
    expire()
    const asleep = gate()
    const sent = gate()
    const slow = process({
      axes: never,
      async fetch(url, init) {
        if (url.endsWith('/token')) {
          sent.open()
          await asleep.opened
        }
        return fetch(url, init)
      },
    })
    const sleeping = slow.refresh(tokens)
    await sent.opened

    const waiting = process({ axes: never, waitMs: 60_000 }).refresh(tokens)
    await clock.timer((ms) => ms === 20_000)
    clock.advance(20_000)
    const taken = await waiting
    asleep.open()
    const woken = await sleeping

    expect(taken).toMatchObject({ state: 'rotated', usable: true })
    expect(woken).toMatchObject({ needsSignIn: false })
    const after = await process({ axes: never }).refresh(tokens)
    expect(after).toMatchObject({ usable: true, accessToken: taken.accessToken })
  })

  it('that always rotates and sends none leaves the chain without one', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    const stripped = process({
      async fetch(url, init) {
        const response = await fetch(url, init)
        if (!url.endsWith('/token')) return response
        const { refresh_token: _, ...body } = (await response.json()) as Record<string, unknown>
        return Response.json(body)
      },
    })

    const last = await stripped.refresh(tokens)
    const other = await process().refresh(tokens)
    expire()
    const over = await process().refresh(last.tokens)

    expect(last).toMatchObject({ state: 'rotated', usable: true })
    expect(last.tokens).not.toHaveProperty('refreshToken')
    expect(other.accessToken).toBe(last.accessToken)
    expect(over).toMatchObject({
      usable: false,
      needsSignIn: true,
      error: { code: 'no_refresh_token' },
    })
    expect(server.counts().presentations).toBe(1)
  })
})
