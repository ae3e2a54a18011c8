import { describe, expect, it } from 'vitest'
import { defineProvider } from '../../../src/index.ts'
import type { Provider, TokenSet } from '../../../src/index.ts'
import { world, type ProcessOptions } from '../world.ts'

/** The same server, by its endpoint. */
const atEndpoint = (tokenEndpoint: string): Provider =>
  defineProvider({ id: 'oidc', tokenEndpoint, clientAuthentication: 'none', rotation: 'always' })

/** Two processes of one ledger, of which one is configured wrong. */
async function pair() {
  const made = await world({ presentsTwice: true })
  const { server } = made
  const tokenEndpoint = `${server.issuer}/token`
  const wrong: Record<'client' | 'issuer', ProcessOptions> = {
    client: { client: { id: 'another' } },
    issuer: { axes: { issuer: `${server.issuer}/`, tokenEndpoint } },
  }
  /** The set after some refreshes. */
  async function after(refreshes: number): Promise<TokenSet> {
    let tokens = await made.signIn()
    for (let i = 0; i < refreshes; i += 1) {
      made.expire()
      tokens = (await made.process().refresh(tokens)).tokens
    }
    made.expire()
    return tokens
  }
  return { ...made, wrong, after }
}

describe('a process that is configured for another client', () => {
  it.each([0, 1, 3])('keeps no other one from a token of generation %i', async (refreshes) => {
    const { process, wrong, after } = await pair()
    const tokens = await after(refreshes)

    const odd = await process(wrong.client).refresh(tokens)
    const right = await process().refresh(tokens)

    expect(odd).toMatchObject({ usable: false, error: expect.anything() })
    expect(right).toMatchObject({ state: 'rotated', usable: true })
  })

  it.each([1, 2, 3, 5])('binds no token to itself, also if it tries %i times', async (times) => {
    const { process, wrong, after } = await pair()
    let tokens = await after(0)

    for (let i = 0; i < times; i += 1) {
      const odd = await process(wrong.client).refresh(tokens)
      expect(odd).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'refused' } })
      tokens = odd.tokens
    }
    const right = await process().refresh(tokens)

    expect(right).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
  })

  it('loses no token of the others if it ends while it holds the claim', async () => {
    const { process, wrong, after, server, clock } = await pair()
    const tokens = await after(0)
    server.faults.next({ kind: 'cut_after' })
    await process(wrong.client).refresh(tokens)
    clock.advance(20_000)

    const right = await process().refresh(tokens)

    expect(right).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
  })

  it('is kept from what the others have claimed or refreshed', async () => {
    const { process, wrong, after, server } = await pair()
    const tokens = await after(1)
    const { presentations } = server.counts()
    const next = await process().refresh(tokens)

    for (const set of [tokens, next.tokens]) {
      const odd = await process(wrong.client).refresh(set, { refused: true })
      expect(odd).toMatchObject({
        usable: false,
        needsSignIn: false,
        error: { code: 'wrong_issuer', hint: expect.stringContaining('client.id') },
      })
    }

    expect(server.counts().presentations).toBe(presentations + 1)
  })
})

describe('a process that spells the issuer in another way', () => {
  it('is told so where a chain is known, and keeps no other one from it', async () => {
    const { process, wrong, after } = await pair()
    const tokens = await after(2)

    const odd = await process(wrong.issuer).refresh(tokens)
    const right = await process().refresh(tokens)

    expect(odd).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'wrong_issuer', hint: expect.stringContaining('ledger.formerIssuers') },
    })
    expect(right).toMatchObject({ state: 'rotated', usable: true })
  })

  it.each(['issuer', 'endpoint'] as const)(
    'goes on with the chains of all, if it says what was configured before (%s)',
    async (now) => {
      const { process, wrong, after, server, expire } = await pair()
      const tokens = await after(2)
      const respelled = {
        issuer: wrong.issuer,
        endpoint: { provider: atEndpoint(server.tokenEndpoint) },
      }[now]

      const one = await process({ ...respelled, formerIssuers: [server.issuer] }).refresh(tokens)
      expire()
      const other = await process({ ...respelled }).refresh(one.tokens)

      expect(one).toMatchObject({ state: 'rotated', usable: true })
      expect(other).toMatchObject({ state: 'rotated', usable: true })
    },
  )

  it('signs nobody out, and tells no AS of their tokens', async () => {
    const { process, wrong, after, server } = await pair()
    const tokens = await after(2)

    const revoked = await process({
      ...wrong.issuer,
      axes: { ...wrong.issuer.axes, revocationEndpoint: `${server.issuer}/token/revocation` },
    }).revoke(tokens)

    expect(revoked).toMatchObject({ ended: false, revoked: false, error: { code: 'wrong_issuer' } })
    expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
  })
})
