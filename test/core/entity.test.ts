import mongoose from 'mongoose'
import { Sequelize, DataTypes } from 'sequelize'
import { describe, expect, it } from 'vitest'
import { plainOf } from '../../src/core/entity.ts'
import { readTokenSet, writeTokenSet } from '../../src/core/field-styles.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { tokenSetOf, tokensOf } from '../../src/core/tokens.ts'
import { NOW_MS } from './helpers.ts'

const NOW_S = NOW_MS / 1000
const COLUMNS = {
  userId: 'u1',
  provider: 'google',
  providerAccountId: 'g1',
  access_token: 'at',
  refresh_token: 'rt',
  expires_at: NOW_S,
  scope: null,
}

class PrivateFields {
  readonly provider = 'google'
  readonly #columns = COLUMNS
  get userId(): string {
    return this.#columns.userId
  }
  get providerAccountId(): string {
    return this.#columns.providerAccountId
  }
  get access_token(): string {
    return this.#columns.access_token
  }
  get refresh_token(): string {
    return this.#columns.refresh_token
  }
  get expires_at(): number {
    return this.#columns.expires_at
  }
  get scope(): string {
    throw new Error('this relation is not loaded')
  }
}

class OwnFields {
  readonly userId = 'u1'
  readonly provider = 'google'
  readonly providerAccountId = 'g1'
  readonly access_token = 'at'
  readonly refresh_token = 'rt'
  readonly expires_at = NOW_S
  readonly scope = null
}

function document(options: mongoose.SchemaOptions = {}): object {
  const { String: text, Number: number } = mongoose.Schema.Types
  const names = ['userId', 'provider', 'providerAccountId', 'access_token', 'refresh_token']
  const fields = Object.fromEntries([...names, 'scope'].map((name) => [name, { type: text }]))
  const schema = new mongoose.Schema({ ...fields, expires_at: { type: number } }, options)
  return new mongoose.Mongoose().model('Account', schema).hydrate(COLUMNS)
}

function withoutTokens(found: object): object {
  return Object.fromEntries(Object.entries(found).filter(([name]) => !/token|expires/.test(name)))
}

function model(): object {
  const { STRING, BIGINT } = DataTypes
  const account = new Sequelize({ dialect: 'postgres', logging: false }).define('account', {
    userId: STRING,
    provider: STRING,
    providerAccountId: STRING,
    access_token: STRING,
    refresh_token: STRING,
    expires_at: BIGINT,
    scope: STRING,
  })
  return account.build(COLUMNS, { isNewRecord: false })
}

const lazily = <T extends object>(row: T): T =>
  Object.defineProperty(row, 'user', {
    enumerable: true,
    get: () => {
      throw new Error('this relation is not loaded')
    },
  })

/** A model that knows its columns only when they were asked for. */
class LateModel extends OwnFields {
  toObject(): Promise<object> {
    return Promise.resolve(COLUMNS)
  }
}

const ENTITIES: Readonly<Record<string, () => object>> = {
  'a Mongoose document': () => document(),
  'a Mongoose document whose toObject hides tokens': () =>
    document({ toObject: { transform: (_: unknown, found: object) => withoutTokens(found) } }),
  'a Sequelize instance': model,
  'an entity with private fields': () => new PrivateFields(),
  'an entity with fields of its own': () => new OwnFields(),
  'a row with a relation that throws': () => lazily({ ...COLUMNS }),
  'an entity with a relation of its own that throws': () => lazily(new OwnFields()),
  'a row whose columns are not enumerable': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(Object.entries(COLUMNS).map(([name, value]) => [name, { value }])),
    ),
  'a frozen row without prototype': () =>
    Object.freeze(Object.assign(Object.create(null) as object, COLUMNS)),
  'a model whose toObject is asynchronous': () => new LateModel(),
  'a proxy of a row': () => new Proxy({ ...COLUMNS }, {}),
  'a proxy of an entity': () => new Proxy(new OwnFields(), {}),
}

describe.each(Object.entries(ENTITIES))('%s', (_, make) => {
  it('is read as the row that it stands for', () => {
    const { tokens, style } = readTokenSet(make())

    expect(tokens).toEqual({ accessToken: 'at', refreshToken: 'rt', expiresAtMs: NOW_MS })
    expect(style.absent).toBe('null')
  })

  it('is written as a plain row that has all its columns', () => {
    const entity = make()
    const next = { accessToken: 'at-2', refreshToken: 'rt-2', expiresAtMs: NOW_MS + 1000 }

    const written = writeTokenSet(next, readTokenSet(entity).style, entity as never)

    expect(Object.getPrototypeOf(written)).toBe(Object.prototype)
    expect(written).toMatchObject({
      userId: 'u1',
      provider: 'google',
      providerAccountId: 'g1',
      access_token: 'at-2',
      refresh_token: 'rt-2',
      expires_at: NOW_S + 1,
    })
    expect(Object.keys(written).filter((name) => /^\$|^_doc$|^dataValues$/.test(name))).toEqual([])
  })
})

describe('plainOf', () => {
  it('leaves plain objects and lists as they are', () => {
    for (const plain of [
      { a: 1 },
      Object.create(null) as object,
      [1],
      JSON.parse('{}') as object,
    ]) {
      expect(plainOf(plain)).toBe(plain)
    }
  })

  it('reads no value that is inherited without a getter', () => {
    expect(plainOf(Object.create({ access_token: 'at' }) as object)).toEqual({})
  })

  it('does without a toObject that throws', () => {
    class Broken {
      readonly access_token = 'at'
      toObject(): never {
        throw new Error('no')
      }
    }

    expect(plainOf(new Broken())).toEqual({ access_token: 'at' })
  })
})

describe('tokenSetOf', () => {
  it("keeps the columns of the caller's entity", () => {
    class Connection implements TokenSet {
      readonly #columns = { accessToken: 'at', tenant: 't1' }
      get accessToken(): string {
        return this.#columns.accessToken
      }
      set accessToken(token: string) {
        this.#columns.accessToken = token
      }
      get tenant(): string {
        return this.#columns.tenant
      }
    }
    const held = new Connection()

    const next = tokenSetOf(tokensOf({ accessToken: 'at-2' }), undefined, held, undefined)

    expect(next).toEqual({ accessToken: 'at-2', tenant: 't1' })
    expect(held.accessToken).toBe('at')
  })
})
