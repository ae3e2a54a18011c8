import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createKeyrings } from '../../src/ledger/keyring.ts'
import { createSealer } from '../../src/ledger/sealer.ts'
import type { Sealer } from '../../src/ledger/sealer.ts'

/** A sealer that counts its derivations. */
function counting(): { readonly sealer: Sealer; readonly derived: string[] } {
  const derived: string[] = []
  const { derive, prove, configuration } = createSealer()
  return {
    derived,
    sealer: {
      configuration,
      prove,
      derive(domain, secret) {
        derived.push(domain)
        return derive(domain, secret)
      },
    },
  }
}

describe('createKeyrings', () => {
  it('derives the keys of a row once for all that is done with one refresh token', async () => {
    const { sealer, derived } = counting()
    const keyringOf = createKeyrings(sealer)
    const refreshToken = new Secret('rt-1')
    const claiming = keyringOf({ refreshToken })
    const settling = keyringOf({ refreshToken, successor: new Secret('rt-2') })

    const first = [await claiming({ on: 'claim' }), await claiming({ on: 'grant', grant: 'g' })]
    const again = [await settling({ on: 'claim' }), await settling({ on: 'grant', grant: 'g' })]

    expect(again).toEqual(first)
    expect(derived).toEqual(['claim', 'grant'])
  })

  it('tells the rows of a token, its successor and other grants apart', async () => {
    const keyringOf = createKeyrings(createSealer())
    const refreshToken = new Secret('rt-1')
    const keyring = keyringOf({ refreshToken, successor: new Secret('rt-2') })
    const other = keyringOf({ refreshToken, successor: new Secret('rt-3') })

    const all = await Promise.all([
      keyring({ on: 'claim' }),
      keyring({ on: 'successor' }),
      other({ on: 'successor' }),
      keyring({ on: 'grant', grant: 'rt-1' }),
      keyring({ on: 'grant', grant: 'rt-2' }),
    ])

    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
  })

  it('finds the row of a successor where its own holder finds it', async () => {
    const keyringOf = createKeyrings(createSealer())
    const successor = new Secret('rt-2')

    const { key } = await keyringOf({ refreshToken: new Secret('rt-1'), successor })({
      on: 'successor',
    })

    expect(key).toBe((await keyringOf({ refreshToken: successor })({ on: 'claim' })).key)
  })
})
