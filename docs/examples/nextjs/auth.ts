import NextAuth from 'next-auth'
import { createRefresher } from 'refresh-once'
import { refreshCallbacks, signOutEvent } from 'refresh-once/auth-js'
import 'refresh-once/auth-js/types' // session.error, session.accessToken
import { source } from './provider'
import { store } from './store'

const refresher = createRefresher({
  provider: source.refresh,
  client: source.client,
  ledger: { store },
})
const refreshers = { [source.id]: refresher }

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [source.authJs],
  session: { strategy: 'jwt' },
  callbacks: refreshCallbacks(refreshers, { exposeAccessToken: true }),
  events: { signOut: signOutEvent(refreshers) },
})
