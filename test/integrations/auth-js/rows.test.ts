import mongoose from 'mongoose'
import { describe, expect, it } from 'vitest'
import { databaseCallbacks, signInEvent } from '../../../src/integrations/auth-js.ts'
import type { AccountStorage, DatabaseOptions } from '../../../src/integrations/auth-js.ts'
import type { TokenSet } from '../../../src/index.ts'
import { world, type World } from '../../runtime/world.ts'

/** A row of the `account` table, as Prisma and Drizzle hand it out. */
interface Row {
  userId: string
  type: string
  provider: string
  providerAccountId: string
  access_token: string | null
  refresh_token: string | null
  expires_at: number | null
  token_type: string | null
  scope: string | null
  id_token: string | null
}

const rowOf = (set: TokenSet, provider = 'oidc'): Row => ({
  userId: 'user-1',
  type: 'oidc',
  provider,
  providerAccountId: `at-${provider}`,
  access_token: set.accessToken,
  refresh_token: set.refreshToken ?? null,
  expires_at: Math.floor((set.expiresAtMs ?? NaN) / 1e3),

  token_type: 'bearer',
  scope: null,
  id_token: null,
})

/** A table that compares and sets, as the guide has it. */
interface Table extends AccountStorage<Row> {
  rows: Row[]
  updates: number
}

function tableOf(...rows: Row[]): Table {
  const table: Table = {
    rows,
    updates: 0,
    find: (userId) => Promise.resolve(table.rows.filter((row) => row.userId === userId)),
    update(next, previous) {
      table.updates += 1
      table.rows = table.rows.map((row) =>
        row.provider === previous.provider && row.refresh_token === previous.refresh_token
          ? next
          : row,
      )
      return Promise.resolve()
    },
  }
  // Not among the options that a callback is given.
  const hidden = { enumerable: false }
  return Object.defineProperties(table, { rows: hidden, updates: hidden })
}

/** What next-auth 5 hands over: the whole row of the session, with the user in it. */
const PARAMS = {
  session: {
    sessionToken: 'the-session-token',
    userId: 'user-1',
    expires: new Date(19e11),
    user: {
      id: 'user-1',
      name: 'Ada',
      email: 'a@b.c',
      emailVerified: null,
      passwordHash: 'x',
    },
  },
  user: { id: 'user-1', name: 'Ada', email: 'a@b.c', emailVerified: null, passwordHash: 'x' },
}

const ASKED = { session: PARAMS.session, user: PARAMS.user }

interface Held extends World {
  readonly table: Table
  readonly lines: string[]
  ask(): Promise<Record<string, unknown>>
}

async function held(options: Partial<DatabaseOptions<Row, undefined>> = {}): Promise<Held> {
  const made = await world()
  const table = tableOf(rowOf(await made.signIn()))
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const shown = { exposeAccessToken: true, log }
  const { session } = databaseCallbacks(
    { oidc: made.process() },
    { ...table, update: (...rows) => table.update(...rows), ...shown, ...options },
  )
  return {
    ...made,
    table,
    lines,
    ask: async () => (await askedOf(session)) as Record<string, unknown>,
  }
}

type Ask = (params: object) => Promise<object>

/** A session callback is of the type that Auth.js would infer; it always answers later. */
function askedOf(session: object): Promise<object> {
  return (session as Ask)(ASKED)
}

describe('databaseCallbacks', () => {
  it('shows of a session what Auth.js shows, and the token', async () => {
    const { ask, table } = await held()

    expect(await ask()).toEqual({
      user: { id: 'user-1', name: 'Ada', email: 'a@b.c' },
      expires: '2030-03-17T17:46:40.000Z',
      accessToken: table.rows[0]?.access_token,
    })
  })

  it('writes the columns of a row and no others, `null` where there is nothing', async () => {
    const { ask, table, expire, server } = await held()
    const [before] = table.rows
    expire()

    const session = await ask()

    const [after] = table.rows
    expect(Object.keys(after!)).toEqual(Object.keys(before!))
    expect(after).toMatchObject({
      userId: 'user-1',
      provider: 'oidc',
      providerAccountId: 'at-oidc',
    })
    expect(after!.access_token).toBe(session['accessToken'])
    expect(await server.isLive(after!.refresh_token!)).toBe(true)
    expect(after!.expires_at).toBeGreaterThan(before!.expires_at!)
  })

  it('serves the newest set where the row cannot be written, and says so', async () => {
    const update = () => Promise.reject(new Error('read-only'))
    const { ask, expire, server, lines } = await held({ update })
    expire()

    const [one, other] = [await ask(), await ask()]

    expect(await server.isLive(String(other['accessToken']))).toBe(true)
    expect(other['accessToken']).toBe(one['accessToken'])
    expect(server.counts().presentations).toBe(1)
    expect(lines).toContain('refresh-once: update failed')
  })

  it('signs nobody out while the rows cannot be found', async () => {
    const find = () => Promise.reject(new Error('the database is away'))
    const { ask, lines } = await held({ find })

    const session = await ask()

    expect(session).toMatchObject({ user: { id: 'user-1' } })
    expect(session).not.toHaveProperty('error')
    expect(lines).toEqual(['refresh-once: find failed'])
  })

  it('looks again where a grant is dead, and takes what a sign-in wrote meanwhile', async () => {
    const { ask, table, expire, server, signIn } = await held({ find: (id) => find(id) })
    let finds = 0
    const find = async (userId: string): Promise<Row[]> => {
      finds += 1
      if (finds === 2) table.rows = [rowOf(await signIn())]
      return (await table.find(userId)) as Row[]
    }
    server.endGrant(table.rows[0]!.refresh_token!)
    expire()

    const session = await ask()

    expect(session).not.toHaveProperty('error')
    expect(session['accessToken']).toBe(table.rows[0]!.access_token)
  })

  it('never writes over the tokens of a sign-in that came in between', async () => {
    const { ask, table, expire, server, signIn } = await held({ find: (id) => find(id) })
    const find = async (userId: string): Promise<readonly Row[]> => {
      const found = (await table.find(userId)) as Row[]
      table.rows = [rowOf(await signIn())]
      return found
    }
    expire()

    await ask()

    expect(table.updates).toBe(1)
    expect(server.grantOf(table.rows[0]!.refresh_token!)).toBe(2)
  })

  it.each([
    ['is empty', { access_token: null, refresh_token: null, expires_at: null }],
    ['says undefined', { access_token: 'undefined' }],
  ])('asks for a sign-in where a row %s', async (_, fields) => {
    const { ask, table, server } = await held()
    table.rows = table.rows.map((row) => ({ ...row, ...fields }))

    expect(await ask()).toMatchObject({ error: 'RefreshTokenError' })
    expect(server.counts().presentations).toBe(0)
  })

  it('renews rows that are Mongoose documents, and hands plain rows to update', async () => {
    const { process, signIn, expire, server } = await world()
    const { String: text, Number: number } = mongoose.Schema.Types
    const columns = Object.entries(rowOf(await signIn())).map(([name]) => [
      name,
      name === 'expires_at' ? number : text,
    ])
    const schema = new mongoose.Schema(Object.fromEntries(columns) as mongoose.SchemaDefinition)
    const document = new mongoose.Mongoose().model('Account', schema).hydrate(rowOf(await signIn()))
    const updates: [object, object][] = []
    const { session } = databaseCallbacks(
      { oidc: process() },
      {
        find: () => Promise.resolve([document]),
        update: (next, previous) => Promise.resolve(updates.push([next, previous])),
        exposeAccessToken: true,
      },
    )
    expire()

    const answer = (await askedOf(session)) as Record<string, unknown>

    expect(await server.isLive(String(answer['accessToken']))).toBe(true)
    const [[next, previous] = []] = updates
    expect(previous).toBe(document)
    expect(next).toMatchObject({
      userId: 'user-1',
      provider: 'oidc',
      access_token: answer['accessToken'],
    })
    expect(Object.keys(next!).filter((name) => /^(?:\$|_doc)/.test(name))).toEqual([])
  })

  it('heals a row with a lifetime and no column for the time, and says so', async () => {
    const { table, ask, lines, server } = await held()
    const lifetime = { expires_at: undefined, expires_in: 3600 }
    const rows = table.rows.map((row) => ({ ...row, ...lifetime }))
    table.rows = JSON.parse(JSON.stringify(rows)) as Row[]

    expect(await ask()).not.toHaveProperty('error')
    expect(server.counts().presentations).toBe(1)
    expect(lines).toEqual([expect.stringContaining('expires_at')])
  })

  it('shows the name of a user whose fields are getters', async () => {
    class User {
      get id(): string {
        return 'user-1'
      }
      get name(): string {
        return 'Ada'
      }
      get passwordHash(): string {
        return 'x'
      }
    }
    const { process } = await world()
    const { session } = databaseCallbacks({ oidc: process() }, tableOf())

    const answer = await (session as Ask)({
      session: { ...PARAMS.session, user: new User() },
      user: new User(),
    })

    expect(answer).toMatchObject({ user: { id: 'user-1', name: 'Ada' } })
    expect(JSON.stringify(answer)).not.toContain('passwordHash')
  })

  it('keeps several rows fresh, tells them apart, and leaves others alone', async () => {
    const { process, signIn, expire, server } = await world()
    const dead = await signIn()
    const table = tableOf(
      rowOf(await signIn()),
      rowOf(dead, 'linked'),
      rowOf(await signIn(), 'other'),
    )
    const lines: string[] = []
    const { session } = databaseCallbacks(
      { oidc: process(), linked: process() },
      {
        ...table,
        exposeAccessToken: true,
        errorName: 'RefreshAccessTokenError',
        log: (line) => void lines.push(line),
      },
    )
    server.endGrant(dead.refreshToken!)
    expire()

    const answer = await session(ASKED)

    expect(answer).toMatchObject({
      errors: { linked: 'RefreshAccessTokenError' },
      accessTokens: {},
    })
    expect(answer).not.toHaveProperty('error')
    expect(server.counts().presentedTokens).toBe(2)
    expect(lines).toEqual([
      'refresh-once: there is no refresher for other: its tokens are left alone',
    ])
  })

  it("holds the application's own callback to the same, also where it looked twice", async () => {
    const { process, signIn, server, expire } = await world()
    const [dead, next] = [await signIn(), await signIn()]
    const found = [rowOf(dead), rowOf(next)]
    const { session } = databaseCallbacks(
      { oidc: process() },
      {
        find: () => Promise.resolve(found.shift()),
        update: () => Promise.resolve(),
        session: ({ session, user }) => ({
          ...session,
          user,
          tokens: [...Object.values(dead), ...Object.values(next)],
        }),
      },
    )
    server.endGrant(dead.refreshToken!)
    expire()

    const answer = JSON.stringify(await askedOf(session))

    expect(answer).toContain('passwordHash')
    expect(answer).not.toContain('the-session-token')
    for (const { accessToken, refreshToken } of [dead, next]) {
      expect(answer).not.toContain(accessToken)
      expect(answer).not.toContain(refreshToken)
    }
  })

  it('shows no refresh token of a row that lost its access token', async () => {
    const { ask, table, server } = await held({
      session: ({ session }: { session: object }) => ({
        ...session,
        copy: table.rows[0]?.refresh_token,
      }),
    } as object)
    table.rows = table.rows.map((row) => ({ ...row, access_token: null }))

    const session = await ask()

    expect(session).toMatchObject({ user: {}, error: 'RefreshTokenError' })
    expect(session).not.toHaveProperty('copy')
    expect(server.counts().presentations).toBe(0)
  })
})

const TOKENS = { access_token: 'at', refresh_token: 'rt' }

describe('signInEvent', () => {
  it('fills a row whose tokens were taken out, and says what is missing', async () => {
    const { table, signIn, process, lines } = await held()
    const { accessToken: access_token } = await signIn()
    table.rows = table.rows.map((row) => ({ ...row, access_token: null, refresh_token: null }))
    const axes = { missingRefreshToken: 'Ask for offline_access.' }

    await signInEvent(
      { oidc: process({ axes }) },
      { ...table, log: (line) => lines.push(line) },
    )({
      user: { id: 'user-1' },
      account: { provider: 'oidc', providerAccountId: 'at-oidc', access_token },
    })

    expect(table.rows).toMatchObject([{ access_token, refresh_token: null, scope: null }])
    expect(lines).toEqual([
      'refresh-once: a sign-in with oidc brought no refresh token: ' +
        `it ends with its access token. ${axes.missingRefreshToken}`,
    ])
  })

  it('keeps the refresh token of the row if the sign-in brings none', async () => {
    const { table, process, lines, clock, server, ask, expire } = await held()
    const [before] = table.rows
    const account = {
      provider: 'oidc',
      providerAccountId: 'at-oidc',
      access_token: 'at-second',
      expires_at: Math.floor(clock.now() / 1000) + 3600,
      expires_in: 3600,
    }
    const options = { ...table, log: (line: string) => lines.push(line) }

    await signInEvent({ oidc: process() }, options)({ user: { id: 'user-1' }, account })

    expect(table.rows).toMatchObject([
      { access_token: 'at-second', refresh_token: before!.refresh_token },
    ])
    expect(lines).toEqual([])
    expect(server.counts().presentations).toBe(0)
    expire()
    expect(await ask()).not.toHaveProperty('error')
    expect(server.counts().presentations).toBe(1)
  })

  it('does not keep a refresh token whose chain has ended', async () => {
    const { table, process, lines, clock } = await held()
    const axes = process({ revocationCheckMs: 0 })
    const [before] = table.rows
    await axes.revoke({ accessToken: before!.access_token!, refreshToken: before!.refresh_token! })
    const account = {
      provider: 'oidc',
      providerAccountId: 'at-oidc',
      access_token: 'at-second',
      expires_at: Math.floor(clock.now() / 1000) + 3600,
    }
    const options = { ...table, log: (line: string) => lines.push(line) }

    await signInEvent({ oidc: axes }, options)({ user: { id: 'user-1' }, account })

    expect(table.rows).toMatchObject([{ access_token: 'at-second', refresh_token: null }])
    expect(lines.join()).toContain('brought no refresh token')
  })

  it('finds the row of an account whose id is a number in the database', async () => {
    const { table, process, signIn } = await held()
    const { accessToken: access_token, refreshToken: refresh_token } = await signIn()
    table.rows = table.rows.map((row) => ({ ...row, providerAccountId: 7 as unknown as string }))

    await signInEvent(
      { oidc: process() },
      table,
    )({
      user: { id: 'user-1' },
      account: { provider: 'oidc', providerAccountId: '7', access_token, refresh_token },
    })

    expect(table.rows).toMatchObject([{ access_token }])
  })

  it('finds the row of an account in a table with snake_case columns', async () => {
    const { table, process, signIn } = await held()
    const { accessToken: access_token, refreshToken: refresh_token } = await signIn()
    const find = (userId: string) =>
      Promise.resolve(table.find(userId)).then((rows) =>
        [rows ?? []].flat().map(({ providerAccountId, ...row }) => ({
          ...row,
          provider_account_id: providerAccountId,
        })),
      )
    const written: object[] = []

    await signInEvent(
      { oidc: process() },
      { find, update: async (next) => void written.push(next) },
    )({
      user: { id: 'user-1' },
      account: { provider: 'oidc', providerAccountId: 'at-oidc', access_token, refresh_token },
    })

    expect(written[0]).toMatchObject({ access_token, provider_account_id: 'at-oidc' })
  })

  it('wins against a renewal that writes the row at the same time', async () => {
    const { table, signIn, process } = await held()
    const { accessToken: access_token, refreshToken: refresh_token } = await signIn()
    const between = rowOf(await signIn())
    let updates = 0
    const update = (next: Row, previous: Row): Promise<unknown> => {
      if ((updates += 1) === 1) table.rows = [between]
      return table.update(next, previous)
    }
    const event = signInEvent({ oidc: process() }, { ...table, find: table.find, update })

    await event({
      user: { id: 'user-1' },
      account: { provider: 'oidc', providerAccountId: 'at-oidc', access_token, refresh_token },
    })

    expect(updates).toBe(2)
    expect(table.rows).toMatchObject([{ access_token, refresh_token, expires_at: null }])
  })

  it.each([
    ['another provider', { provider: 'github', providerAccountId: 'at-oidc', access_token: 'at' }],
    ['no tokens', { provider: 'oidc', providerAccountId: 'at-oidc' }],
    ['an account without a row', { provider: 'oidc', providerAccountId: 'no', ...TOKENS }],
    ['no account', null],
  ])('writes nothing for %s', async (_, account) => {
    const { table, process } = await held()

    await signInEvent({ oidc: process() }, table)({ user: { id: 'user-1' }, account })

    expect(table.updates).toBe(0)
  })
})
