import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { HOUR_MS, world } from '../world.ts'
import type { World, WorldOptions } from '../world.ts'

/** A copy of the first set was stolen; the owner came with two later tokens as their own since. */
async function stolen(
  options?: WorldOptions,
): Promise<World & { thief: TokenSet; owner: TokenSet }> {
  const made = await world(options)
  const thief = await made.signIn()
  made.expire()
  let { tokens: owner } = await made.process().refresh({ ...thief })
  made.expire()
  owner = (await made.process().refresh(owner)).tokens
  return { ...made, thief, owner }
}

describe('a spent token that comes back (P4)', () => {
  it('is served for `staleMs` after its successor was seen', async () => {
    const { server, process, clock, thief, owner, told } = await stolen()
    clock.advance(HOUR_MS - 120_000)

    const outcome = await process().refresh(thief)

    expect(outcome).toMatchObject({ state: 'rotated', accessToken: owner.accessToken })
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 1 } })
    expect(told('reuse_detected')).toEqual([])
  })

  it('then ends the chain for both, is told, and the AS revokes the grant', async () => {
    const { server, process, clock, thief, owner, told } = await stolen()
    clock.advance(HOUR_MS)
    const refresher = process()

    const replayed = await refresher.refresh(thief)
    await refresher.drain()
    const [again, mine] = [await process().refresh(thief), await process().refresh(owner)]

    for (const outcome of [replayed, again, mine]) {
      expect(outcome).toMatchObject({
        state: 'revoked',
        usable: false,
        accessToken: undefined,
        needsSignIn: true,
        error: { code: 'reuse_detected' },
      })
    }
    expect(told('reuse_detected')).toHaveLength(1)
    expect(told('tokens_revoked')).toMatchObject([{ revoked: true }])
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 0, dead: 1 } })
    expect(await server.isLive(owner.accessToken)).toBe(false)
  })

  it('is noticed when two holders come at the same time, one of them as the owner', async () => {
    const { server, process, clock, thief, owner, told } = await stolen()
    clock.advance(HOUR_MS)
    const refreshers = [process(), process()]

    await Promise.all([refreshers[0]!.refresh(thief), refreshers[1]!.refresh(owner)])
    await Promise.all(refreshers.map((each) => each.drain()))

    expect(told('reuse_detected')).toHaveLength(1)
    expect(server.counts()).toMatchObject({ reuses: 0, grants: { live: 0, dead: 1 } })
  })

  it('is no replay, however old, before anybody came with a later token', async () => {
    const { process, signIn, expire, told } = await world()
    const tokens = await signIn()
    expire()
    const newest = await process().refresh(tokens)
    expire()

    const late = await process().refresh(tokens)

    expect(late).toMatchObject({ usable: true, needsSignIn: false })
    expect(late.accessToken).not.toBe(newest.accessToken)
    expect(told('reuse_detected')).toEqual([])
  })

  it('is served for ever where copies live apart', async () => {
    const { process, clock, thief, owner, told } = await stolen()
    clock.advance(HOUR_MS * 2)
    const apart = process({ staleHolders: 'serve' })
    const { accessToken } = await apart.refresh(owner)

    const outcome = await apart.refresh(thief)

    expect(outcome).toMatchObject({ usable: true, accessToken, needsSignIn: false })
    expect(told('reuse_detected')).toEqual([])
  })

  it('ends the chain also when the AS cannot be told', async () => {
    const { server, process, clock, thief, owner, told } = await stolen()
    clock.advance(HOUR_MS)
    const refresher = process({ axes: { revocationEndpoint: null } })

    await refresher.refresh(thief)
    await refresher.drain()

    expect(told('tokens_revoked')).toMatchObject([{ revoked: false }])
    expect(server.counts().grants.live).toBe(1)
    expect(await process().refresh(owner)).toMatchObject({ state: 'revoked', needsSignIn: true })
    expect(server.counts().presentations).toBe(2)
  })
})
