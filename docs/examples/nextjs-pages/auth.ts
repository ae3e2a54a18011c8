import type { AuthOptions } from 'next-auth'
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

export const authOptions = {
  providers: [source.nextAuth],
  // The build has none, and needs none.
  secret: process.env.NEXTAUTH_SECRET ?? '',
  callbacks: refreshCallbacks(refreshers, {
    exposeAccessToken: true,
    errorName: 'RefreshAccessTokenError', // as the guide for version 4 has it
  }),
  events: { signOut: signOutEvent(refreshers) },
} satisfies AuthOptions
