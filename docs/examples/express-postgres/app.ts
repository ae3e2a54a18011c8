/**
 * Express with PostgreSQL: the application keeps a token set for each of its users, in a row.
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
 *     const app = createApp({ pool, refresher, api: 'https://api.example.com', userOf })
 *     const server = app.listen(3000)
 *     process.on('SIGTERM', () =>
 *       server.close(() => void refresher.drain().then(() => pool.end())),
 *     )
 */
import express from 'express'
import type { Express, Request, Response } from 'express'
import type { Pool } from 'pg'
import { tokenSource } from 'refresh-once'
import type { Refresher, TokenSet, TokenStorage } from 'refresh-once'

export const TABLE =
  'CREATE TABLE IF NOT EXISTS token_sets (user_id text PRIMARY KEY, tokens jsonb NOT NULL)'

/** Where the token sets are. Encrypt the column if others can read the database. */
export const tokenSets = (pool: Pool): TokenStorage<string, TokenSet> => ({
  async load(userId) {
    const text = 'SELECT tokens FROM token_sets WHERE user_id = $1'
    const { rows } = await pool.query<{ tokens: TokenSet }>(text, [userId])
    return rows[0]?.tokens
  },
  async save(userId, next, previous) {
    // Whoever comes second finds another set and leaves it there: it is the same one, or newer.
    const text = 'UPDATE token_sets SET tokens = $2 WHERE user_id = $1 AND tokens = $3'
    await pool.query(text, [userId, next, previous])
  },
})

/** After a sign-in: replaces what was there. */
export async function storeTokens(pool: Pool, userId: string, tokens: TokenSet): Promise<void> {
  const text =
    'INSERT INTO token_sets VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET tokens = $2'
  await pool.query(text, [userId, tokens])
}

export interface AppOptions {
  readonly pool: Pool
  readonly refresher: Refresher
  /** The API that takes the access tokens. */
  readonly api: string
  /** Who is signed in here: from your session. */
  readonly userOf: (request: Request) => string
}

export function createApp({ pool, refresher, api, userOf }: AppOptions): Express {
  const source = tokenSource(refresher, tokenSets(pool))
  const app = express()

  app.get('/orders', async (request, response) => {
    const call = (accessToken: string): Promise<globalThis.Response> =>
      fetch(`${api}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })
    const held = await source.get(userOf(request))
    if (held?.accessToken === undefined) return unavailable(response, held?.needsSignIn ?? true)
    let answer = await call(held.accessToken)
    if (answer.status === 401) {
      // Refused before its time: this one will not do, a newer one in the ledger will.
      const other = await source.get(userOf(request), { refused: held.accessToken })
      if (other?.accessToken === undefined) return unavailable(response, other?.needsSignIn ?? true)
      answer = await call(other.accessToken)
    }
    response.status(answer.status).json(await answer.json())
  })

  app.post('/sign-out', async (request, response) => {
    const text = 'DELETE FROM token_sets WHERE user_id = $1 RETURNING tokens'
    const { rows } = await pool.query<{ tokens: TokenSet }>(text, [userOf(request)])
    if (rows[0] !== undefined) await refresher.revoke(rows[0].tokens)
    response.status(204).end()
  })

  return app
}

/** Only a new sign-in helps, or patience does. */
function unavailable(response: Response, signIn: boolean): void {
  if (signIn) response.status(401).json({ error: 'sign_in' })
  else response.status(503).set('retry-after', '5').json({ error: 'try_again' })
}
