import { runInNewContext } from 'node:vm'
import mongoose from 'mongoose'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redacted } from '../../../src/integrations/auth-js/redaction.ts'

const SECRET = '1//0secret+refresh/token='
const SHORT = 'rt-1'
const of = (value: unknown): unknown => redacted(value, [SECRET, SHORT]).value

/** What hides fields by `toJSON`, as models of ORMs do. */
class User {
  readonly id = 'u1'
  readonly passwordHash = 'the hash'
  readonly refreshToken = 'of another sign-in'
  readonly #shown: object
  constructor(shown: object = { id: 'u1' }) {
    this.#shown = shown
  }
  toJSON(): object {
    return this.#shown
  }
}

describe('redacted', () => {
  it('keeps a value without secrets as it is', () => {
    const user = new User()
    const value = {
      user,
      at: new Date(0),
      url: new URL('https://example.com'),
      map: new Map([['a', 1]]),
      bytes: new Uint8Array(3),
      parse: JSON.parse,
    }

    const left = of(value) as typeof value

    expect(left).toBe(value)
    expect(left.user).toBe(user)
  })

  it('searches what toJSON shows and nothing else', () => {
    const clean = new User()
    const leaky = new User({ id: 'u1', note: `the token is ${SECRET}`, refreshToken: 'x' })

    expect(JSON.stringify(of({ clean, leaky }))).toBe('{"clean":{"id":"u1"},"leaky":{"id":"u1"}}')
  })

  it('shows of an outermost model what its toJSON shows', () => {
    expect(of(new User())).toEqual({ id: 'u1' })
  })

  it.each<[string, unknown]>([
    ['a text that contains it', `Bearer ${SECRET}`],
    ['a short one that is the whole text', SHORT],
    ['a wrapped text', Object(SECRET)],
    ['a URL', new URL(`https://app.example/?token=${SECRET}`)],
    [
      'a URL that encodes it',
      new URL(`https://app.example/?${new URLSearchParams({ t: SECRET })}`),
    ],
    ['a list', [SECRET]],
    ['a set', new Set([SECRET])],
    ['a map', new Map([['token', SECRET]])],
    ['the key of a map', new Map([[SECRET, true]])],
    [
      'a map in a set of another realm',
      runInNewContext(`new Set([new Map([['a', s]])])`, { s: SECRET }),
    ],
    ['the name of a field', { [SECRET]: true }],
    ['a field of any value that is called a refresh token', { refresh_token: 7 }],
    ['a map that is asked for a refresh token', new Map([['refreshToken', 'of another sign-in']])],
  ])('removes the secret from %s', (_, value) => {
    const left = of({ value, name: 'Ada' }) as { value?: unknown; name: string }

    expect(left.name).toBe('Ada')
    const seen = everythingIn(left.value)
    expect(seen.filter((text) => /secret|rt-1|another|7/.test(decodeURIComponent(text)))).toEqual(
      [],
    )
  })

  it('keeps the rest of a map and of a set', () => {
    const map = new Map<string, unknown>([
      ['a', { secret: SECRET, n: 1 }],
      ['b', 2],
      ['c', SECRET],
    ])

    expect(of({ map, set: new Set([1, SECRET]) })).toEqual({
      map: new Map<string, unknown>([
        ['a', { n: 1 }],
        ['b', 2],
      ]),
      set: new Set([1]),
    })
  })

  it.each<[string, (text: string) => unknown]>([
    ['bytes', (text) => new TextEncoder().encode(text)],
    ['a Buffer', (text) => Buffer.from(`Bearer ${text}`)],
    ['an ArrayBuffer', (text) => new TextEncoder().encode(text).buffer],
    ['headers', (text) => new Headers({ authorization: `Bearer ${text}` })],
    ['a search', (text) => new URLSearchParams({ token: text })],
    [
      'a form',
      (text) => {
        const form = new FormData()
        form.set('token', text)
        return form
      },
    ],
  ])('finds a secret in %s, of which JSON shows no text', (_, holding) => {
    const fine = holding('something else')

    expect(of({ found: holding(SECRET), left: 1 })).toEqual({ left: 1 })
    expect((of({ fine }) as { fine: unknown }).fine).toBe(fine)
  })

  it('leaves out what cannot be read', () => {
    const broken = {
      get value(): string {
        throw new Error('no')
      },
    }
    const model = {
      toJSON(): never {
        throw new Error('no')
      },
    }

    expect(of({ name: 'Ada', broken, model })).toEqual({ name: 'Ada', broken: {} })
  })

  it('visits each object once, however many ways lead to it', () => {
    let visits = 0
    let layer: object = {
      get name() {
        visits += 1
        return 'the bottom'
      },
    }
    for (let depth = 0; depth < 18; depth += 1) layer = { left: layer, right: layer, all: [layer] }

    of(layer)

    expect(visits).toBe(1)
  })

  it('cuts circles, so that JSON can write the rest', () => {
    const user: Record<string, unknown> = { name: 'Ada' }
    const account = { user, list: [user], map: new Map([['user', user]]) }
    user['accounts'] = [account, account]

    expect(JSON.stringify(of({ user }))).toBe(
      '{"user":{"name":"Ada","accounts":[{"list":[],"map":{}},{"list":[],"map":{}}]}}',
    )
  })

  it('looks at a bounded part of a value, drops the rest and says so', () => {
    const wide = { all: Array.from({ length: 50_000 }, (_, index) => ({ index })) }
    let deep: object = { name: 'the bottom' }
    for (let depth = 0; depth < 1_000; depth += 1) deep = { deep }

    const { value, isWhole } = redacted(wide, [SECRET])

    expect(isWhole).toBe(false)
    expect((value as typeof wide).all.length).toBeLessThan(20_000)
    expect(redacted(deep, [SECRET]).isWhole).toBe(false)
    expect(JSON.stringify(of(deep))).not.toContain('bottom')
    expect(redacted({ user: 'Ada' }, [SECRET]).isWhole).toBe(true)
  })

  it('reads a Mongoose document with subdocuments as its JSON', () => {
    const address = new mongoose.Schema({ street: String, token: String }, { _id: false })
    const schema = new mongoose.Schema({ name: String, addresses: [address] })
    const addresses = ['a', 'b', 'c', 'd'].map((street) => ({ street, token: SECRET }))
    const user = new mongoose.Mongoose().model('User', schema).hydrate({ name: 'Ada', addresses })

    const { value, isWhole } = redacted({ user }, [SECRET])

    expect(isWhole).toBe(true)
    expect(value).toEqual({
      user: { name: 'Ada', addresses: ['a', 'b', 'c', 'd'].map((street) => ({ street })) },
    })
  })

  it('leaves no secret in any JSON, and changes nothing else', () => {
    const texts = fc.constantFrom(SECRET, SHORT, 'Ada', `x${SECRET}y`, 'openid')
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        texts,
        fc.integer(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 4 }),
        fc
          .record({ json: tie('tree') })
          .map(({ json }) => ({ hidden: SECRET, toJSON: () => json })),
      ),
    }))

    fc.assert(
      fc.property(tree, (value) => {
        const before = JSON.stringify(value) ?? ''
        const after = JSON.stringify(of(value)) ?? ''

        expect(after).not.toContain('secret')
        expect(/secret|rt-1/.test(before) || after === before).toBe(true)
      }),
    )
  })
})

/** Every text in a value, as a server component could hand it to the browser. */
function everythingIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  if (value instanceof URL) return [String(value)]
  const parts = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.entries(value)
  return parts.flatMap((part) => everythingIn(part))
}
