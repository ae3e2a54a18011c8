import type { Recipe } from '../edits.ts'

const AUTH = `import NextAuth from 'next-auth'
import { callbacks } from './tokens'

const issuer = process.env.AUTH_ISSUER!
const client = { id: process.env.AUTH_CLIENT_ID!, secret: process.env.AUTH_CLIENT_SECRET! }

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    {
      id: 'oidc',
      name: 'OIDC',
      type: 'oidc',
      issuer,
      clientId: client.id,
      clientSecret: client.secret,
      authorization: { params: { scope: 'openid offline_access', prompt: 'consent' } },
    },
  ],
  callbacks,
})
`

const TOKENS = `import type { NextAuthConfig } from 'next-auth'

/** Renews the tokens of a session when the access token has expired, written by hand. */
export const callbacks: NextAuthConfig['callbacks'] = {
  async jwt({ token, account }) {
    if (account) return { ...token, ...tokensOf(account) }
    if (Date.now() < Number(token.expiresAt)) return token
    const { AUTH_ISSUER, AUTH_CLIENT_ID, AUTH_CLIENT_SECRET } = process.env
    const response = await fetch(AUTH_ISSUER + '/token', {
      method: 'POST',
      headers: { authorization: 'Basic ' + btoa(AUTH_CLIENT_ID + ':' + AUTH_CLIENT_SECRET) },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: String(token.refreshToken),
      }),
    })
    if (!response.ok) return { ...token, error: 'RefreshTokenError' }
    return { ...token, ...tokensOf(await response.json()) }
  },
  session: ({ session, token }) =>
    Object.assign(session, { accessToken: token.accessToken, error: token.error }),
}

function tokensOf({ access_token, refresh_token, expires_in }: Record<string, unknown>) {
  const expiresAt = Date.now() + Number(expires_in) * 1000
  return { accessToken: access_token, refreshToken: refresh_token, expiresAt }
}
`

const NAME = `import type { Session } from 'next-auth'

/** Whose session it is, by an API, or why nobody knows. */
export async function nameOf(session: Session | null) {
  if (!session) return { trouble: 'signed out' }
  const { error, accessToken } = session as { error?: string; accessToken?: string }
  if (error) return { trouble: 'sign in again' }
  const headers = { authorization: 'Bearer ' + accessToken }
  const response = await fetch(process.env.PROFILE!, { headers, cache: 'no-store' })
  return response.ok ? { name: (await response.json()).sub } : { trouble: 'refused' }
}
`

const PAGE = `import { auth, signIn } from '../auth'
import { nameOf } from '../name'

async function enter() {
  'use server'
  await signIn()
}

export default async function Home() {
  const { name, trouble } = await nameOf(await auth())
  return (
    <>
      <h1>{name ? 'Hello, ' + name : 'No name: ' + trouble}</h1>
      <form action={enter}>
        <button>Sign in</button>
      </form>
    </>
  )
}
`

/** What is alive in this process: of timers, those too that would not keep it alive. */
const ALIVE = `import { queryObjects } from 'node:v8'

export const dynamic = 'force-dynamic'

export async function GET() {
  const timer = setTimeout(() => {}, 0)
  clearTimeout(timer)
  const timers = queryObjects(timer.constructor as never, { format: 'count' } as never)
  const sizeOf = (name: string) =>
    (globalThis as never as Record<symbol, { size: number }>)[Symbol.for(name)]?.size ?? 0
  const stores = sizeOf('refresh-once/memory-store/2')
  return Response.json({ timers, stores, flights: sizeOf('refresh-once/flights/1') })
}
`

/** Which edits of the file that makes the refresher have arrived. */
const EDITS = `import * as own from '../../auth'

export const dynamic = 'force-dynamic'

export async function GET() {
  return Response.json(Object.keys(own).filter((name) => name.startsWith('edit')))
}
`

/** A ledger as it is documented, and a client as people make it, each in a database of its own. */
const STORE = `import { createClient } from 'redis'
import { redisStore } from 'refresh-once/stores/redis'

export const store = redisStore({ url: process.env.REDIS_URL + '/1', createClient })
`
const CLIENT = `import { createClient } from 'redis'

export const client = createClient({ url: process.env.REDIS_URL + '/2' }).on('error', () => {})
void client.connect()
`

/** Uses both, in two copies of the modules: Next builds each route by itself. */
const USED = `import * as ours from '../../store'
import * as theirs from '../../client'

export const dynamic = 'force-dynamic'

export async function GET() {
  await ours.store.read('any')
  await theirs.client.ping()
  const names = [Object.keys(ours), Object.keys(theirs)]
  return Response.json(names.map((all) => all.filter((name) => name.startsWith('edit'))))
}
`

/** A starter with Auth.js whose tokens are renewed by hand, run by `next dev`. */
export const starter: Recipe = {
  example: 'docs/examples/nextjs/',
  takes: (path) => ['.npmrc', 'next.config.ts', 'tsconfig.json'].includes(path),
  edits: [],
  isDev: true,
  files: {
    'auth.ts': AUTH,
    'tokens.ts': TOKENS,
    'name.ts': NAME,
    'proxy.ts': "export { auth as proxy } from './auth'\n",
    'app/layout.tsx': `import type { ReactNode } from 'react'

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
`,
    'app/page.tsx': PAGE,
    'app/api/auth/[...nextauth]/route.ts': `import { handlers } from '../../../../auth'

export const { GET, POST } = handlers
`,
    'app/api/bare/route.ts': `import { auth } from '../../../auth'
import { nameOf } from '../../../name'

export async function GET() {
  return Response.json(await nameOf(await auth()))
}
`,
    'app/alive/route.ts': ALIVE,
    'app/edits/route.ts': EDITS,
    'store.ts': STORE,
    'client.ts': CLIENT,
    'app/used/route.ts': USED,
    'app/used-too/route.ts': USED,
  },
}
