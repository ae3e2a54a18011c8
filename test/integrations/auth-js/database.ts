import { createClient, type Client } from '@libsql/client'
import { and, eq, isNull } from 'drizzle-orm'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { sleep, systemClock, type Clock } from '../../../src/core/clock.ts'
import type { Store, StoredRow } from '../../../src/index.ts'
import type { AccountStorage } from '../../../src/integrations/auth-js.ts'

// The tables of Auth.js' Drizzle adapter, in SQLite.
const users = sqliteTable('user', {
  id: text('id').primaryKey(),
  name: text('name'),
  email: text('email'),
  emailVerified: integer('emailVerified', { mode: 'timestamp_ms' }),
  image: text('image'),
})

const accounts = sqliteTable(
  'account',
  {
    userId: text('userId').notNull(),
    type: text('type').notNull(),
    provider: text('provider').notNull(),
    providerAccountId: text('providerAccountId').notNull(),
    refresh_token: text('refresh_token'),
    access_token: text('access_token'),
    expires_at: integer('expires_at'),
    token_type: text('token_type'),
    scope: text('scope'),
    id_token: text('id_token'),
    session_state: text('session_state'),
  },
  (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
)

const sessions = sqliteTable('session', {
  sessionToken: text('sessionToken').primaryKey(),
  userId: text('userId').notNull(),
  expires: integer('expires', { mode: 'timestamp_ms' }).notNull(),
})

export type Account = typeof accounts.$inferSelect

const TABLES = [
  `CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT, email TEXT, emailVerified INTEGER,
    image TEXT)`,
  `CREATE TABLE account (userId TEXT, type TEXT, provider TEXT, providerAccountId TEXT,
    refresh_token TEXT, access_token TEXT, expires_at INTEGER, token_type TEXT, scope TEXT,
    id_token TEXT, session_state TEXT, PRIMARY KEY (provider, providerAccountId))`,
  'CREATE TABLE session (sessionToken TEXT PRIMARY KEY, userId TEXT, expires INTEGER)',
  `CREATE TABLE ledger (key TEXT PRIMARY KEY, value BLOB, version INTEGER, writtenAtMs INTEGER)`,
]

/** How long one process waits for another's write, milliseconds. */
const BUSY_MS = 10_000

/** One process's connection to a database of an application. */
export interface Database {
  /** An adapter for Auth.js, as far as OAuth needs one. */
  readonly adapter: object
  readonly storage: AccountStorage<Account>
  accounts(): Promise<Account[]>
  /** A ledger in the same database. */
  ledger(clock: Clock): Store
  close(): void
}

/** @param isNew Whether the tables have to be made. */
export async function openDatabase(file: string, isNew: boolean): Promise<Database> {
  const client = createClient({ url: `file:${file}`, timeout: BUSY_MS })
  if (isNew) {
    await client.execute('PRAGMA journal_mode = WAL')
    for (const table of TABLES) await client.execute(table)
  }
  const db = drizzle(client)
  return {
    adapter: adapterOf(db),
    storage: {
      find: (userId) => db.select().from(accounts).where(eq(accounts.userId, userId)),
      async update(next, { provider, providerAccountId, refresh_token: before }) {
        const isSame =
          before === null ? isNull(accounts.refresh_token) : eq(accounts.refresh_token, before)
        const isIt = eq(accounts.providerAccountId, providerAccountId)
        await db
          .update(accounts)
          .set(next)
          .where(and(eq(accounts.provider, provider), isIt, isSame))
      },
    },
    accounts: () => db.select().from(accounts),
    ledger: (clock) => ledgerOf(client, file, clock),
    close: () => client.close(),
  }
}

type Row<T extends { $inferInsert: object }> = T['$inferInsert']

function adapterOf(db: LibSQLDatabase): object {
  const first = async <R>(rows: PromiseLike<R[]>): Promise<R | null> => (await rows)[0] ?? null
  const userOf = (id: string) => first(db.select().from(users).where(eq(users.id, id)))
  return {
    async createUser(user: Row<typeof users>) {
      await db.insert(users).values({ ...user, id: user.id ?? crypto.randomUUID() })
      return first(db.select().from(users))
    },
    getUser: userOf,
    getUserByEmail: (email: string) => first(db.select().from(users).where(eq(users.email, email))),
    async getUserByAccount({ provider, providerAccountId }: Row<typeof accounts>) {
      const isIt = eq(accounts.providerAccountId, providerAccountId)
      const found = await first(
        db
          .select()
          .from(accounts)
          .where(and(eq(accounts.provider, provider), isIt)),
      )
      return found && userOf(found.userId)
    },
    updateUser: ({ id }: { readonly id: string }) => userOf(id),
    linkAccount: (account: Row<typeof accounts>) => db.insert(accounts).values(account),
    async createSession(session: Row<typeof sessions>) {
      await db.insert(sessions).values(session)
      return session
    },
    async getSessionAndUser(sessionToken: string) {
      const isIt = eq(sessions.sessionToken, sessionToken)
      const session = await first(db.select().from(sessions).where(isIt))
      const user = session && (await userOf(session.userId))
      return user && { session, user }
    },
    updateSession: () => null,
    async deleteSession(sessionToken: string) {
      const isIt = eq(sessions.sessionToken, sessionToken)
      return first(db.delete(sessions).where(isIt).returning())
    },
  }
}

const POLL_MS = 10

function ledgerOf(client: Client, file: string, clock: Clock): Store {
  async function read(key: string): Promise<StoredRow> {
    const { rows } = await client.execute({
      sql: 'SELECT * FROM ledger WHERE key = ?',
      args: [key],
    })
    const nowMs = clock.now()
    const row = rows[0]
    if (row === undefined) return { version: 0, writtenAtMs: 0, nowMs }
    return {
      value: new Uint8Array(row['value'] as ArrayBuffer),
      version: Number(row['version']),
      writtenAtMs: Number(row['writtenAtMs']),
      nowMs,
    }
  }
  return {
    name: 'libsql',
    id: `libsql ${file}`,
    read,
    async swap(key, expected, value) {
      const nowMs = Math.round(clock.now())
      const statement =
        expected === 0
          ? {
              sql: 'INSERT INTO ledger VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING',
              args: [key, value, nowMs],
            }
          : {
              sql: `UPDATE ledger SET value = ?, version = version + 1, writtenAtMs = ?
                WHERE key = ? AND version = ?`,
              args: [value, nowMs, key, expected],
            }
      const { rowsAffected } = await client.execute(statement)
      return { ...(await read(key)), swapped: rowsAffected === 1 }
    },
    changed: (_, __, signal) => sleep(systemClock, POLL_MS, signal),
  }
}
