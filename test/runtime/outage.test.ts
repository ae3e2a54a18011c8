import { describe, expect, it } from 'vitest'
import type { Reuse } from '../../src/core/provider.ts'
import { outage } from '../bench/outage.ts'

/** `npx tsx test/bench/outages.ts` has a thousand. */
const USERS = 4

describe('an outage of two minutes, in which users in four processes are due', () => {
  it.each<Reuse>(['accepted', 'until_successor_used'])(
    'signs nobody out where spent tokens are %s',
    async (reuse) => {
      expect(await outage(reuse, reuse, USERS)).toMatchObject({ signIns: 0, revoked: 0 })
    },
  )

  it('costs the answers that were lost, and no more, where the server can be asked', async () => {
    const { signIns, spent, revoked } = await outage('revokes', 'asks', USERS)

    expect({ signIns, revoked }).toEqual({ signIns: spent, revoked: 0 })
  })

  it('has no grant revoked where spent tokens revoke', async () => {
    const { signIns, spent, revoked, presentations } = await outage('revokes', 'revokes', USERS)

    expect(revoked).toBe(0)
    expect(spent).toBeLessThanOrEqual(signIns)
    expect(presentations).toBeLessThanOrEqual(USERS)
  })
})
