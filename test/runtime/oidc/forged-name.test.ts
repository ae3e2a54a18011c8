import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createSealer } from '../../../src/ledger/sealer.ts'
import { HOUR_MS, world } from '../world.ts'
import type { TestStore, World } from '../world.ts'

const DAY_MS = 24 * HOUR_MS

/** A chain after two refreshes, and the set of each generation. */
async function chain(): Promise<World & { readonly sets: readonly TokenSet[] }> {
  const made = await world({ presentsTwice: true })
  const sets = [await made.signIn()]
  for (let i = 0; i < 2; i += 1) {
    made.expire()
    sets.push((await made.process().refresh(sets.at(-1)!)).tokens)
  }
  made.expire()
  return { ...made, sets }
}

interface Name {
  readonly secret: string
  readonly generation: number
  readonly proof: string | undefined
}

function nameIn({ grant = '' }: TokenSet): Name {
  const [secret = '', generation, proof] = grant.split('.')
  return { secret, generation: Number(generation), proof }
}

const written = ({ secret, generation, proof }: Name): string =>
  [secret, generation, proof].filter((part) => part !== undefined).join('.')

/** As an earlier release wrote it. */
const bare = (set: TokenSet): TokenSet => ({
  ...set,
  grant: written({ ...nameIn(set), proof: undefined }),
})

/** Makes the grant row what an earlier release has written. */
async function forgetKey(store: TestStore, set: TokenSet): Promise<void> {
  const keys = await createSealer().derive('grant', new Secret(nameIn(set).secret))
  const { value, version } = await store.read(keys.key)
  const text = new TextDecoder().decode(await keys.open(value!, version))
  const envelope = JSON.parse(text) as { row: { proofKey?: string } }
  expect(envelope.row.proofKey).toBeTypeOf('string')
  delete envelope.row.proofKey
  const bytes = new TextEncoder().encode(JSON.stringify(envelope))
  await store.swap(keys.key, version, await keys.seal(bytes, version + 1), 30 * DAY_MS)
}

describe('a name with a token that is not of its chain', () => {
  const proofs: Record<string, (held: Name) => string | undefined> = {
    'the proof of the old set': ({ proof }) => proof,
    'no proof': () => undefined,
    'a proof that was made up': () => `${'A'.repeat(21)}A`,
  }
  for (const [beside, proofOf] of Object.entries(proofs)) {
    it.each([0, 1, 2, 3, 999])(`is handed nothing, with ${beside} and generation %i`, async (n) => {
      const { process, clock, sets, told, server } = await chain()
      const old = nameIn(sets[1]!)
      clock.advance(2 * DAY_MS)
      const thief: TokenSet = {
        accessToken: 'made up',
        refreshToken: `made-up-${n}`,
        expiresAtMs: clock.now() - 1,
        grant: written({ ...old, generation: n, proof: proofOf(old) }),
      }

      const refresher = process()
      const forged = await refresher.refresh(thief)
      const revoked = await process().revoke(thief)
      await refresher.drain()
      const owner = await process().refresh(sets[2]!)

      expect(forged).toMatchObject({ usable: false, accessToken: undefined })
      expect(forged.tokens.refreshToken).toBe(thief.refreshToken)
      expect(revoked.error).toBeUndefined()
      expect(told('reuse_detected')).toEqual([])
      expect(owner).toMatchObject({ state: 'rotated', usable: true })
      expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
      expect(server.counts(1)).toMatchObject({ presentations: 3 })
    })
  }

  it('is found out, and the real replay still ends the chain (S2)', async () => {
    const { process, clock, sets, told } = await chain()
    clock.advance(2 * DAY_MS)

    const refresher = process()
    const replayed = await refresher.refresh(sets[0]!)
    await refresher.drain()

    expect(replayed).toMatchObject({ state: 'revoked', error: { code: 'reuse_detected' } })
    expect(told('reuse_detected')).toHaveLength(1)
  })
})

describe('tokens of a new sign-in beside the name of the old chain', () => {
  const columns: Record<string, (set: TokenSet) => TokenSet> = {
    'as it was handed out': (set) => set,
    'as an earlier release wrote it': bare,
  }
  for (const [what, column] of Object.entries(columns)) {
    for (const isEnded of [true, false]) {
      it(`begin a chain of their own: ${what}, ${isEnded ? 'ended' : 'alive'}`, async () => {
        const { process, signIn, expire, sets, told, server } = await chain()
        if (isEnded) await process().revoke(sets[2]!)
        const { grant } = column(sets[2]!)
        const fresh = { ...(await signIn()), grant }
        const checked = await process({ revocationCheckMs: 0 }).refresh(fresh)
        expire()

        const first = await process().refresh(fresh)
        expire()
        const second = await process().refresh(first.tokens)
        const late = await process().refresh(fresh)
        const old = await process().refresh(sets[2]!)

        expect(checked).toMatchObject({ state: 'fresh', usable: true })
        expect(first).toMatchObject({ state: 'rotated', usable: true, changed: true })
        expect(nameIn(first.tokens).secret).not.toBe(nameIn(fresh).secret)
        expect(second).toMatchObject({ state: 'rotated', usable: true })
        expect(late).toMatchObject({ usable: true, accessToken: second.accessToken })
        expect(old.state).toBe(isEnded ? 'revoked' : 'rotated')
        expect(told('grant_ignored').length).toBeGreaterThan(0)
        expect(server.counts(2)).toMatchObject({ presentations: 2, granted: 2 })
      })
    }
  }

  it('are what a sign-out ends, and what the AS is told of', async () => {
    const { process, signIn, sets, server } = await chain()
    const fresh = { ...(await signIn()), grant: sets[2]!.grant }

    const revoked = await process().revoke(fresh)
    const old = await process().refresh(sets[2]!)

    expect(revoked).toMatchObject({ ended: true, revoked: true, error: undefined })
    expect(await server.isLive(fresh.refreshToken!)).toBe(false)
    expect(old).toMatchObject({ state: 'rotated', usable: true })
  })

  it('do not end the old chain when the AS refuses them', async () => {
    const { process, signIn, expire, sets, server } = await chain()
    const fresh = { ...(await signIn()), grant: sets[2]!.grant }
    server.endGrant(fresh.refreshToken!)
    expire()

    const refused = await process().refresh(fresh)
    const old = await process().refresh(sets[2]!)

    expect(refused).toMatchObject({ state: 'revoked', error: { code: 'rejected' } })
    expect(old).toMatchObject({ state: 'rotated', usable: true })
  })
})

describe('a name of an earlier release', () => {
  it.each([false, true])(
    'goes on, and gets a proof (row of an earlier release: %s)',
    async (is) => {
      const { process, store, sets, expire, told } = await chain()
      if (is) await forgetKey(store, sets[2]!)

      const next = await process().refresh(bare(sets[2]!))
      const late = await process().refresh(bare(sets[2]!))
      expire()
      const after = await process().refresh(next.tokens)

      expect(next).toMatchObject({ state: 'rotated', usable: true })
      expect(nameIn(next.tokens)).toMatchObject({ secret: nameIn(sets[2]!).secret, generation: 3 })
      expect(nameIn(next.tokens).proof).toHaveLength(22)
      expect(late).toMatchObject({ usable: true, accessToken: next.accessToken })
      expect(after).toMatchObject({ state: 'rotated', usable: true })
      expect(told('grant_ignored')).toEqual([])
    },
  )

  it('is served while its claim row says whose it is, and a replay is found', async () => {
    const { process, clock, sets, told } = await chain()
    await process().refresh(sets[2]!)
    const served = await process().refresh(bare(sets[1]!))
    clock.advance(2 * DAY_MS)

    const refresher = process()
    const replayed = await refresher.refresh(bare(sets[1]!))
    await refresher.drain()

    expect(served).toMatchObject({ usable: true })
    expect(replayed).toMatchObject({ state: 'revoked', error: { code: 'reuse_detected' } })
    expect(told('reuse_detected')).toHaveLength(1)
  })

  it('is not presented once nothing proves it and its chain has moved on', async () => {
    const { process, clock, sets, server } = await chain()
    clock.advance(8 * DAY_MS)
    const { presentations } = server.counts()

    const late = await process().refresh(bare(sets[1]!))

    expect(late).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
    expect(late.error?.message).toContain('without the `grant`')
    expect(server.counts().presentations).toBe(presentations)
  })
})

describe('a ledger that was emptied', () => {
  it('presents no spent token again once a later one was refreshed', async () => {
    const { process, sets, server, expire } = await chain()
    const emptied = { ledger: 'another' }
    const { presentations } = server.counts()

    const newest = await process(emptied).refresh(sets[2]!)
    expire()
    const late = await process(emptied).refresh(sets[1]!)
    const after = await process(emptied).refresh(newest.tokens)

    expect(late).toMatchObject({ usable: false, error: { code: 'lost' } })
    expect(after).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(presentations + 2)
  })
})

describe('a proof', () => {
  it('proves a spent token whose claim row is long gone', async () => {
    const { process, clock, sets, server } = await chain()
    clock.advance(8 * DAY_MS)
    const { presentations } = server.counts()
    const serving = process({ staleHolders: 'serve' })

    const newest = await serving.refresh(sets[2]!)
    const late = await serving.refresh(sets[1]!)

    expect(newest).toMatchObject({ state: 'rotated', usable: true })
    expect(late).toMatchObject({ usable: true, accessToken: newest.accessToken })
    expect(server.counts().presentations).toBe(presentations + 1)
  })

  it.each(['of another generation', 'of another token'])('is worth nothing %s', async (what) => {
    const { process, clock, sets } = await chain()
    clock.advance(8 * DAY_MS)
    const [one, two] = [nameIn(sets[1]!), nameIn(sets[2]!)]
    const forged =
      what === 'of another generation'
        ? { ...sets[1]!, grant: written({ ...one, generation: 2 }) }
        : { ...sets[1]!, grant: written(two) }

    const outcome = await process({ staleHolders: 'serve' }).refresh(forged)

    expect(outcome.usable).toBe(false)
    expect(outcome.tokens.refreshToken).toBe(sets[1]!.refreshToken)
  })

  it('is shown by no row and by no event', async () => {
    const { sets, secrets } = await chain()

    for (const set of sets.slice(1)) secrets.add(nameIn(set).proof!)

    expect(nameIn(sets[2]!).proof).toMatch(/^[\w-]{21}[AQgw]$/)
  })
})
