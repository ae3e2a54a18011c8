/** An application with the database strategy, as a process of its own; its parent has the clock. */
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher, type RefreshEvent } from '../../../src/index.ts'
import { databaseCallbacks, signInEvent, signOutEvent } from '../../../src/integrations/auth-js.ts'
import { CLIENTS } from '../../oidc/configuration.ts'
import { handClock } from '../../runtime/clock.ts'
import { startApp } from './app.ts'
import { openDatabase } from './database.ts'
import { authJs5, nextAuth4Handler } from './frameworks.ts'

/** What the parent says. */
export type ToChild =
  | { readonly do: 'serve'; readonly issuer: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'report' }

/** What it is told. */
export interface FromChild {
  readonly origin?: string
  readonly events?: readonly RefreshEvent[]
  readonly lines?: readonly string[]
}

const [, , file = '', framework = ''] = process.argv
const tell = (message: FromChild): void => void process.send?.(message)
// Auth.js takes the wall's time for `expires_at`, a few seconds later.
const clock = handClock(Date.now() + 60_000)
const database = await openDatabase(file, false)
const app = await startApp()
const events: RefreshEvent[] = []
const lines: string[] = []
const log = (line: string, cause?: unknown): void => void lines.push(`${line}: ${String(cause)}`)

function serve(issuer: string): void {
  const refresher = createRefresher({
    provider: oidc({ issuer, rotation: 'always' }),
    client: CLIENTS.public,
    ledger: { store: database.ledger(clock) },
    clock,
    onEvent: (event) => events.push(event),
  })
  const refreshers = { oidc: refresher }
  const { storage } = database
  const { handler } = framework === authJs5.name ? authJs5 : nextAuth4Handler
  app.handler = handler({
    issuer,
    client: 'public',
    adapter: database.adapter,
    callbacks: databaseCallbacks(refreshers, { ...storage, exposeAccessToken: true, log }),
    events: {
      signIn: signInEvent(refreshers, { ...storage, log }),
      signOut: signOutEvent(refreshers, { ...storage, log }),
    },
    onError: (error) => lines.push(String(error)),
  })
}

process.on('message', (message: ToChild) => {
  if (message.do === 'serve') serve(message.issuer)
  if (message.do === 'advance') clock.advance(message.ms)
  tell({ events, lines })
})
process.once('disconnect', () => process.exit())
tell({ origin: app.origin })
