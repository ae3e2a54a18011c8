import type { BetterAuthOptions } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { appOf, migrate, sqliteOf } from './stage.ts'

type Database = BetterAuthOptions['database']

const time = (name: string) => integer(name, { mode: 'timestamp' })
const id = () => text('id').primaryKey()

/** The tables as the guide of Better Auth has them for Drizzle, in SQLite. */
const schema = {
  user: sqliteTable('user', {
    id: id(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    emailVerified: integer('emailVerified', { mode: 'boolean' }).notNull(),
    image: text('image'),
    createdAt: time('createdAt').notNull(),
    updatedAt: time('updatedAt').notNull(),
  }),
  session: sqliteTable('session', {
    id: id(),
    expiresAt: time('expiresAt').notNull(),
    token: text('token').notNull(),
    createdAt: time('createdAt').notNull(),
    updatedAt: time('updatedAt').notNull(),
    ipAddress: text('ipAddress'),
    userAgent: text('userAgent'),
    userId: text('userId').notNull(),
  }),
  account: sqliteTable('account', {
    id: id(),
    accountId: text('accountId').notNull(),
    providerId: text('providerId').notNull(),
    userId: text('userId').notNull(),
    accessToken: text('accessToken'),
    refreshToken: text('refreshToken'),
    idToken: text('idToken'),
    accessTokenExpiresAt: time('accessTokenExpiresAt'),
    refreshTokenExpiresAt: time('refreshTokenExpiresAt'),
    scope: text('scope'),
    password: text('password'),
    createdAt: time('createdAt').notNull(),
    updatedAt: time('updatedAt').notNull(),
  }),
  verification: sqliteTable('verification', {
    id: id(),
    identifier: text('identifier').notNull(),
    value: text('value').notNull(),
    expiresAt: time('expiresAt').notNull(),
    createdAt: time('createdAt').notNull(),
    updatedAt: time('updatedAt').notNull(),
  }),
}

/** The adapter for Kysely, on a file. */
export async function sqlite(file: string): Promise<Database> {
  const database = sqliteOf(file)
  await migrate(appOf({ issuer: 'http://127.0.0.1:9', providers: [], database }))
  return database
}

/** The adapter for Drizzle, on a file. */
export async function drizzled(file: string): Promise<Database> {
  await sqlite(file)
  const db = drizzle(createClient({ url: `file:${file}` }), { schema })
  return drizzleAdapter(db, { provider: 'sqlite', schema })
}

/** The adapter for Prisma, on an object with the methods of Prisma's client. */
export function prisma(): Promise<Database> {
  const client = { user: table(), session: table(), account: table(), verification: table() }
  return Promise.resolve(prismaAdapter(client, { provider: 'sqlite' }))
}

type Row = Record<string, unknown>

interface Query {
  readonly where?: Row
  readonly data?: Row
  readonly take?: number
}

/** What the adapter calls of one model. */
function table() {
  const rows: Row[] = []
  const found = ({ where = {} }: Query): Row[] => rows.filter((row) => fits(row, where))
  const copy = (row: Row | undefined): Row | null => (row === undefined ? null : { ...row })
  const drop = (gone: readonly Row[]): { count: number } => {
    for (const row of gone) rows.splice(rows.indexOf(row), 1)
    return { count: gone.length }
  }
  return {
    async create({ data = {} }: Query) {
      rows.push({ ...data })
      return copy(data)
    },
    findFirst: async (query: Query) => copy(found(query)[0]),
    findMany: async (query: Query) => found(query).slice(0, query.take).map(copy),
    count: async (query: Query) => found(query).length,
    async update(query: Query) {
      return copy(Object.assign(found(query)[0]!, query.data))
    },
    async updateMany(query: Query) {
      for (const row of found(query)) Object.assign(row, query.data)
      return { count: found(query).length }
    },
    delete: async (query: Query) => drop(found(query).slice(0, 1)),
    deleteMany: async (query: Query) => drop(found(query)),
  }
}

function fits(row: Row, where: Row): boolean {
  return Object.entries(where).every(([name, asked]) => {
    if (name === 'AND') return [asked].flat().every((each) => fits(row, each as Row))
    if (name === 'OR') return (asked as Row[]).some((each) => fits(row, each))
    if (typeof asked !== 'object' || asked === null || asked instanceof Date) {
      return row[name] === asked
    }
    return Object.entries(asked).every(([operator, value]) => {
      switch (operator) {
        case 'equals':
          return row[name] === value
        case 'in':
          return (value as unknown[]).includes(row[name])
        case 'gt':
          return (row[name] as number) > (value as number)
        case 'lt':
          return (row[name] as number) < (value as number)
        default:
          return operator === 'mode'
      }
    })
  })
}
