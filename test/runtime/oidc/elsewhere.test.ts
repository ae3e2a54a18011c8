import { describe, expect, it } from 'vitest'
import type { Refresher, Store } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { world, type World } from '../world.ts'

let names = 0

/** A process with a ledger of its own: what people get who give each process a memory store. */
function apart({ process, clock }: World, more: Partial<Store> = {}): Refresher {
  const name = `apart ${(names += 1)}`
  const store = { ...memoryStore({ name, clock }), id: name, ...more }
  return process({ store })
}

describe('a refusal of a token that this ledger never presented', () => {
  it('says so for a set that another ledger has renewed', async () => {
    const here = await world({ presentsTwice: true })
    const [one, other] = [apart(here), apart(here)]
    const signedIn = await here.signIn()
    here.expire()
    const { tokens } = await one.refresh(signedIn)
    here.expire()
    expect(await one.refresh(tokens)).toMatchObject({ state: 'rotated' })

    const outcome = await other.refresh(tokens)
    const again = await other.refresh(tokens)

    const error = {
      code: 'presented_elsewhere',
      message: expect.stringMatching(/do all processes share it/),
    }
    expect(outcome).toMatchObject({ state: 'revoked', needsSignIn: true, error })
    expect(again).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
    expect(here.server.counts()).toMatchObject({ presentations: 3, reuses: 1 })
    expect(here.told('ended').map(({ code }) => code)).toContain('presented_elsewhere')
  })

  it('says so for the set of a sign-in where several processes seem to have ledgers', async () => {
    const here = await world({ presentsTwice: true })
    const tokens = await here.signIn()
    here.expire()
    expect(await apart(here, { isAlone: false }).refresh(tokens)).toMatchObject({ usable: true })

    const outcome = await apart(here, { isAlone: false }).refresh(tokens)

    expect(outcome).toMatchObject({ state: 'revoked', error: { code: 'presented_elsewhere' } })
  })

  it.each([
    ['of a sign-in', 0],
    ['of a renewal', 1],
  ])('is the word of the AS for a set %s that this ledger knows', async (_, renewals) => {
    const here = await world()
    const refresher = apart(here)
    let tokens = await here.signIn()
    for (let times = 0; times < renewals; times += 1) {
      here.expire()
      tokens = (await refresher.refresh(tokens)).tokens
    }
    here.server.endGrant(tokens.refreshToken!)
    here.expire()

    const outcome = await refresher.refresh(tokens)

    expect(outcome).toMatchObject({ state: 'revoked', error: { code: 'rejected' } })
  })
})
