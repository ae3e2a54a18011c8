/** An application with Better Auth, as a process of its own. */
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher } from '../../../src/index.ts'
import { refreshOnce } from '../../../src/integrations/better-auth.ts'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import { CLIENTS } from '../../oidc/configuration.ts'
import { appOf, openSqlite, sqliteOf } from './stage.ts'

/** What the parent says. */
export interface Asked {
  readonly accountId: string
  readonly userId: string
  readonly times: number
}

/** What it is told: the access tokens, or that the process listens. */
export type Told = readonly string[]

const [, , file = '', issuer = '', isGuarded = ''] = process.argv
const tell = (message: Told): void => void process.send?.(message)
const refresher = createRefresher({
  provider: oidc({ issuer }),
  client: CLIENTS.basic,
  ledger: { store: sqliteStore(openSqlite(`${file}-ledger`)) },
  onEvent: () => {},
})
const plugins = isGuarded === 'true' ? [refreshOnce({ oidc: refresher })] : []
const app = appOf({ issuer, plugins, database: sqliteOf(file) })
await app.$context

async function answer({ accountId, userId, times }: Asked): Promise<void> {
  const body = { accountId, userId }
  const calls = Array.from({ length: times }, () => app.api.getAccessToken({ body }))
  const ended = await Promise.allSettled(calls)
  tell(ended.map((each) => (each.status === 'fulfilled' ? each.value.accessToken : 'failed')))
}

process.on('message', (asked: Asked) => void answer(asked))
process.once('disconnect', () => process.exit())
tell([])
