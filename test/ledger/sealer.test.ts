import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fromBase64url, toBase64url } from '../../src/core/text.ts'
import { Secret } from '../../src/core/secret.ts'
import { webCiphers } from '../../src/ledger/ciphers.ts'
import type { Ciphers } from '../../src/ledger/ciphers.ts'
import { nodeCiphers } from '../../src/ledger/node-ciphers.ts'
import { createSealer, FORMAT } from '../../src/ledger/sealer.ts'

interface Golden {
  readonly derived: readonly {
    readonly pepper?: string
    readonly ledger?: string
    readonly domain: 'claim' | 'grant'
    readonly secret: string
    readonly key: string
    readonly fingerprint: string
  }[]
  readonly configurations: readonly {
    readonly pepper?: string
    readonly ledger?: string
    readonly key: string
    readonly check: string
  }[]
  readonly proofs: readonly {
    readonly pepper?: string
    readonly ledger?: string
    readonly key: string
    readonly generation: number
    readonly refreshToken: string
    readonly proof: string
  }[]
  readonly sealed: {
    readonly iv: string
    readonly version: number
    readonly plain: string
    readonly value: string
  }
}

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden
const PEPPER = 'p'.repeat(32)
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const keysOf = (secret = 'token', domain: 'claim' | 'grant' = 'claim', sealer = createSealer()) =>
  sealer.derive(domain, new Secret(secret))

const CIPHERS = [
  { kind: "the web's ciphers", ciphers: webCiphers },
  { kind: "Node's ciphers", ciphers: nodeCiphers()! },
]

describe.each(CIPHERS)(
  'the golden vectors: derived once, derived for ever: $kind',
  ({ ciphers }) => {
    it.each(golden.derived)('$domain $secret $ledger', async (vector) => {
      const sealer = createSealer({ ...vector, ciphers })
      const keys = await sealer.derive(vector.domain, new Secret(vector.secret))

      expect(keys).toMatchObject({ key: vector.key, fingerprint: vector.fingerprint })
    })

    it.each(golden.configurations)('configuration $ledger', async ({ key, check, ...options }) => {
      expect(await createSealer({ ...options, ciphers }).configuration()).toEqual({ key, check })
    })

    it('a sealed value', async () => {
      const { iv, version, plain, value } = golden.sealed
      const random = { bytes: () => fromBase64url(iv)!, fraction: () => 0 }
      const keys = await createSealer({ random, ciphers }).derive('claim', new Secret('token'))

      expect(toBase64url(await keys.seal(bytes(plain), version))).toBe(value)
      expect(await keys.open(fromBase64url(value)!, version)).toEqual(bytes(plain))
    })
  },
)

describe('createSealer().derive', () => {
  it('gives each secret, domain, pepper and ledger keys of its own', async () => {
    const all = await Promise.all([
      keysOf('token'),
      keysOf('token '),
      keysOf('token', 'grant'),
      keysOf('token', 'claim', createSealer({ pepper: PEPPER })),
      keysOf('token', 'claim', createSealer({ ledger: 'other' })),
    ])

    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(all.length)
    const sealed = await all[0].seal(bytes('row'), 1)
    for (const other of all.slice(1)) expect(await other.open(sealed, 1)).toBeUndefined()
  })

  it('does not take the end of the ledger for the beginning of the pepper', async () => {
    const one = createSealer({ ledger: 'a', pepper: `b${PEPPER}` })
    const other = createSealer({ ledger: 'ab', pepper: PEPPER })

    expect((await keysOf('x', 'claim', one)).key).not.toBe((await keysOf('x', 'claim', other)).key)
  })

  it('makes keys that any store takes, and names the secret', async () => {
    const secret = new Secret('token')
    const { key, fingerprint } = await createSealer().derive('claim', secret)

    expect(key).toMatch(/^ro1-[0-9a-f]{48}$/)
    expect(fingerprint).toMatch(/^[\w-]{8}$/)
    expect(String(secret)).toBe(`[secret ${fingerprint}]`)
  })
})

describe.each(CIPHERS)('createSealer().prove: $kind', ({ ciphers }) => {
  it('proves what it has always proved', async () => {
    for (const { key, generation, refreshToken, proof, ...options } of golden.proofs) {
      const sealer = createSealer({ ...options, ciphers })
      expect(await sealer.prove(key, generation, new Secret(refreshToken))).toBe(proof)
    }
  })

  it('proves one token at one generation of one chain', async () => {
    const { prove } = createSealer({ ciphers })
    const key = 'k'.repeat(43)
    const proofs = await Promise.all([
      prove(key, 1, new Secret('token')),
      prove(key, 2, new Secret('token')),
      prove(key, 1, new Secret('other')),
      prove('l'.repeat(43), 1, new Secret('token')),
      createSealer({ ciphers, pepper: PEPPER }).prove(key, 1, new Secret('token')),
    ])

    expect(new Set(proofs).size, 'another generation, token, chain or pepper').toBe(5)
    for (const proof of proofs) expect(proof).toMatch(/^[\w-]{21}[AQgw]$/)
  })
})

describe('createSealer().configuration', () => {
  it('finds the same row whatever the pepper, and tells peppers apart', async () => {
    const [none, one, other] = await Promise.all(
      [undefined, PEPPER, `${PEPPER}!`].map((pepper) => createSealer({ pepper }).configuration()),
    )

    expect(new Set([none!.key, one!.key, other!.key]).size).toBe(1)
    expect(new Set([none!.check, one!.check, other!.check]).size).toBe(3)
  })
})

describe.each(CIPHERS)('a sealed value: $kind', ({ ciphers }) => {
  const keysOf = () => createSealer({ ciphers }).derive('claim', new Secret('token'))

  it('opens with its keys at its version', async () => {
    const keys = await keysOf()
    const sealed = await keys.seal(bytes('row'), 7)

    expect(sealed[0]).toBe(FORMAT)
    expect(await (await keysOf()).open(sealed, 7)).toEqual(bytes('row'))
  })

  it('does not open at another version', async () => {
    const keys = await keysOf()
    const sealed = await keys.seal(bytes('row'), 7)

    expect(await keys.open(sealed, 6)).toBeUndefined()
    expect(await keys.open(sealed, 8)).toBeUndefined()
  })

  it('does not open when any one bit of it is another', async () => {
    const keys = await keysOf()
    const sealed = await keys.seal(bytes('row'), 1)

    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = sealed.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(await keys.open(changed, 1)).toBeUndefined()
    }
  })

  it('does not open when it is cut, empty or longer', async () => {
    const keys = await keysOf()
    const sealed = await keys.seal(bytes('row'), 1)

    for (let length = 0; length < sealed.length; length += 1) {
      expect(await keys.open(sealed.slice(0, length), 1)).toBeUndefined()
    }
    expect(await keys.open(Uint8Array.of(...sealed, 0), 1)).toBeUndefined()
  })

  it('is never the same twice', async () => {
    const keys = await keysOf()
    const values = await Promise.all([1, 2, 3].map(() => keys.seal(bytes('row'), 1)))

    expect(new Set(values.map(toBase64url)).size).toBe(3)
  })
})

describe('nodeCiphers', () => {
  afterEach(() => void vi.unstubAllGlobals())

  const isOpenedBy = async (sealing: Ciphers, opening: Ciphers): Promise<boolean> => {
    const [one, other] = await Promise.all(
      [sealing, opening].map((ciphers) =>
        createSealer({ ciphers }).derive('claim', new Secret('token')),
      ),
    )
    return (await other!.open(await one!.seal(bytes('row'), 3), 3)) !== undefined
  }

  it("opens what the web's sealed, and the other way round", async () => {
    expect(await isOpenedBy(nodeCiphers()!, webCiphers)).toBe(true)
    expect(await isOpenedBy(webCiphers, nodeCiphers()!)).toBe(true)
  })

  it('is nothing where there is no Node', () => {
    expect(nodeCiphers()).toBeDefined()

    for (const process of [undefined, {}, { env: {} }, { getBuiltinModule: () => undefined }]) {
      vi.stubGlobal('process', process)
      expect(nodeCiphers()).toBeUndefined()
    }
  })
})
