/** Auth.js with its own adapter for PostgreSQL: the callback that people write for it, and ours. */
export const DATABASE = `import PostgresAdapter from '@auth/pg-adapter'
import NextAuth, { type NextAuthConfig } from 'next-auth'
import { Pool } from 'pg'
import { createRefresher } from 'refresh-once'
import { databaseCallbacks, signInEvent, signOutEvent } from 'refresh-once/auth-js'
import { source } from './provider'
import { store } from './store'

interface Account {
  id: number
  provider: string
  access_token: string | null
  refresh_token: string | null
  expires_at: string | null
}

export function databaseAuth(connectionString: string) {
  const pool = new Pool({ connectionString })
  const rest = { adapter: PostgresAdapter(pool), providers: [source.authJs] }
  const accounts = accountsIn(pool)
  if (process.env.CALLBACKS === 'guide') return NextAuth({ ...rest, callbacks: byHand(accounts) })
  const { refresh: provider, client } = source
  const refreshers = { [source.id]: createRefresher({ provider, client, ledger: { store } }) }
  return NextAuth({
    ...rest,
    callbacks: databaseCallbacks(refreshers, { ...accounts, exposeAccessToken: true }),
    events: {
      signIn: signInEvent(refreshers, accounts),
      signOut: signOutEvent(refreshers, { find: accounts.find }),
    },
  })
}

function accountsIn(pool: Pool) {
  return {
    async find(userId: string): Promise<Account[]> {
      return (await pool.query('SELECT * FROM accounts WHERE "userId" = $1', [userId])).rows
    },
    update(next: Account, previous: Account) {
      return pool.query(
        \`UPDATE accounts SET access_token = $1, refresh_token = $2, expires_at = $3
          WHERE id = $4 AND refresh_token IS NOT DISTINCT FROM $5\`,
        [next.access_token, next.refresh_token, next.expires_at, next.id, previous.refresh_token],
      )
    },
  }
}

/** Reads the row, and renews it when its access token has expired. */
function byHand({ find, update }: ReturnType<typeof accountsIn>): NextAuthConfig['callbacks'] {
  const { id = '', secret = '' } = source.client as { id?: string; secret?: string }
  return {
    async session({ session, user }) {
      const [account] = await find(user.id)
      if (Number(account.expires_at) * 1000 > Date.now()) {
        return Object.assign(session, { accessToken: account.access_token })
      }
      const response = await fetch(source.profile.replace(/me$/, 'token'), {
        method: 'POST',
        body: new URLSearchParams({
          client_id: id,
          client_secret: secret,
          grant_type: 'refresh_token',
          refresh_token: account.refresh_token ?? '',
        }),
      })
      const tokens = await response.json()
      if (!response.ok) return Object.assign(session, { error: 'RefreshTokenError' })
      const { access_token, refresh_token, expires_in } = tokens
      const expires_at = String(Math.floor(Date.now() / 1000 + expires_in))
      await update({ ...account, access_token, refresh_token, expires_at }, account)
      return Object.assign(session, { accessToken: access_token })
    },
  }
}
`
