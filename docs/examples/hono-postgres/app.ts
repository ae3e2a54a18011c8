/**
 * Hono with PostgreSQL: token sets in columns, beside whatever else an account has.
 *
 *     const pool = new Pool({ connectionString: process.env.DATABASE_URL })
 *     await pool.query(TABLE)
 *     const store = postgresStore(pool) // the ledger: for any number of processes
 *     await store.migrate()
 *     const refresher = createRefresher({
 *       provider: oidc({ issuer: 'https://id.example.com' }),
 *       client: { id: 'my-app', secret: process.env.CLIENT_SECRET },
 *       ledger: { store },
 *     })
 *     serve(createApp({ pool, refresher, api: 'https://api.example.com', userOf }))
 */
import { Hono } from 'hono'
import type { Context } from 'hono'
import type { Pool } from 'pg'
import { tokenSource } from 'refresh-once'
import type { Refresher, TokenSet, TokenStorage } from 'refresh-once'

/** `token_grant` names the set's chain in the ledger; without it, more must be kept there. */
export const TABLE = `CREATE TABLE IF NOT EXISTS accounts (
  user_id text PRIMARY KEY,
  access_token text,
  refresh_token text,
  expires_at timestamptz,
  obtained_at timestamptz,
  token_grant text
)`

interface Row {
  readonly access_token: string | null
  readonly refresh_token: string | null
  readonly expires_at: Date | null
  readonly obtained_at: Date | null
  readonly token_grant: string | null
}

/** Absent in a set is `null` in a row, and a time is a `Date`. */
const rowOf = (tokens: TokenSet): unknown[] => [
  tokens.accessToken,
  tokens.refreshToken ?? null,
  tokens.expiresAtMs === undefined ? null : new Date(tokens.expiresAtMs),
  tokens.obtainedAtMs === undefined ? null : new Date(tokens.obtainedAtMs),
  tokens.grant ?? null,
]

export const accounts = (pool: Pool): TokenStorage<string, TokenSet> => ({
  async load(userId) {
    const { rows } = await pool.query<Row>('SELECT * FROM accounts WHERE user_id = $1', [userId])
    const row = rows[0]
    if (row?.access_token == null) return undefined
    return {
      accessToken: row.access_token,
      refreshToken: row.refresh_token ?? undefined,
      expiresAtMs: row.expires_at?.getTime(),
      obtainedAtMs: row.obtained_at?.getTime(),
      grant: row.token_grant ?? undefined,
    }
  },
  async save(userId, next, previous) {
    // Whoever comes second finds another access token: the same set is stored, or a newer one.
    await pool.query(
      `UPDATE accounts SET access_token = $3, refresh_token = $4, expires_at = $5,
         obtained_at = $6, token_grant = $7
       WHERE user_id = $1 AND access_token = $2`,
      [userId, previous.accessToken, ...rowOf(next)],
    )
  },
})

/** After a sign-in: replaces what was there. */
export async function storeTokens(pool: Pool, userId: string, tokens: TokenSet): Promise<void> {
  await pool.query(
    `INSERT INTO accounts VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET
       access_token = $2, refresh_token = $3, expires_at = $4, obtained_at = $5, token_grant = $6`,
    [userId, ...rowOf(tokens)],
  )
}

export interface AppOptions {
  readonly pool: Pool
  readonly refresher: Refresher
  /** The API that takes the access tokens. */
  readonly api: string
  /** Who is signed in here: from your session. */
  readonly userOf: (context: Context) => string
}

interface Env {
  Variables: { accessToken: string }
}

export function createApp({ pool, refresher, api, userOf }: AppOptions): Hono<Env> {
  const source = tokenSource(refresher, accounts(pool))
  const app = new Hono<Env>()

  app.use('/api/*', async (context, next) => {
    const held = await source.get(userOf(context))
    // Only a new sign-in helps, or patience does.
    if (held === undefined || held.needsSignIn) return context.json({ error: 'sign_in' }, 401)
    if (held.accessToken === undefined) return context.json({ error: 'try_again' }, 503)
    context.set('accessToken', held.accessToken)
    return next()
  })

  app.get('/api/orders', async (context) => {
    const headers = { authorization: `Bearer ${context.var.accessToken}` }
    const answer = await fetch(`${api}/orders`, { headers })
    return context.json(await answer.json(), answer.ok ? 200 : 502)
  })

  return app
}
