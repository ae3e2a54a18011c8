import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { world, type ProcessOptions } from '../world.ts'

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

  it('is kept from what the others have claimed or refreshed', async () => {
    const { process, wrong, after, server } = await pair()
    const tokens = await after(1)
    const { presentations } = server.counts()
    const next = await process().refresh(tokens)

    for (const set of [tokens, next.tokens]) {
      const odd = await process(wrong.client).refresh(set, { refused: true })
      expect(odd).toMatchObject({ usable: false, error: { code: 'wrong_issuer' } })
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

    expect(odd).toMatchObject({ usable: false, error: { code: 'wrong_issuer' } })
    expect(right).toMatchObject({ state: 'rotated', usable: true })
  })
})
