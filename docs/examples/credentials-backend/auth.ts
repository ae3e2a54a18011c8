import NextAuth from 'next-auth'
import Credentials from 'next-auth/providers/credentials'
import { createRefresher } from 'refresh-once'
import { refreshCallbacks, signOutEvent } from 'refresh-once/auth-js'
import 'refresh-once/auth-js/types' // session.error, session.accessToken
import { credentials } from 'refresh-once/providers/credentials'
import { memoryStore } from 'refresh-once/stores/memory'

const { AUTH_ISSUER: backend = 'http://localhost:4000', REFRESH } = process.env

const common = {
  revocationEndpoint: `${backend}/revoke`,
  // They are random: a store that is shared needs no pepper for them.
  tokens: 'unguessable',
} as const

const [login, api] =
  REFRESH === 'cookie'
    ? // GET with a cookie, answered with { token } and the next cookie.
      [
        `${backend}/cookie/login`,
        credentials({
          ...common,
          url: `${backend}/cookie/refresh`,
          method: 'GET',
          carry: { cookie: 'refresh' },
          answer: { accessToken: 'token' },
        }),
      ]
    : // POST with JSON, answered with the next pair.
      [
        `${backend}/login`,
        credentials({
          ...common,
          url: `${backend}/refresh`,
          carry: { json: 'userRefreshToken' },
          answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
        }),
      ]

const store = memoryStore() // one process; several need a shared store
const refreshers = { credentials: createRefresher({ provider: api, ledger: { store } }) }

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    Credentials({
      credentials: { name: {}, password: { type: 'password' } },
      async authorize({ name, password }) {
        const response = await fetch(login, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name, password }),
        })
        if (response.status === 401) return null // the wrong password: Auth.js asks again
        return { ...(await api.signIn(response)), id: String(name), name: String(name) }
      },
    }),
  ],
  session: { strategy: 'jwt' },
  callbacks: refreshCallbacks(refreshers, { exposeAccessToken: true }),
  events: { signOut: signOutEvent(refreshers) },
})
