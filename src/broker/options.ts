import {
  checkOptions,
  clock as aClock,
  func,
  kind,
  ms,
  needed,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { Clock } from '../core/clock.ts'
import { isRecord } from '../core/text.ts'
import type { Store } from '../ledger/store.ts'
import type { RefreshEvent } from '../runtime/events.ts'
import { settingsOf, type RefresherOptions } from '../runtime/options.ts'
import type { BrokerClient } from './access.ts'
import type { ListenAt } from './listen.ts'

/** What `startBroker` takes. Durations are milliseconds. */
export interface BrokerOptions {
  /** The providers by the names that deposits use. */
  readonly providers: Readonly<Record<string, BrokerProvider>>
  /** Holds the grants, sealed, and the ledger. It must outlive the process. */
  readonly store: Store
  /** Seals the grants: at least 32 random characters. The same one after each restart. */
  readonly secret: string
  readonly listen: ListenAt
  /** The programs that may ask. Needed on a port; on a socket the default is: who can open it. */
  readonly clients?: Readonly<Record<string, BrokerClient>> | undefined
  /** How often idle grants are looked at. Default 1,800,000. 0: never. */
  readonly keepAliveEveryMs?: number | undefined
  /** Told what happens. Nothing of it holds a token. */
  readonly onEvent?: ((event: BrokerEvent) => unknown) | undefined
  readonly clock?: Clock | undefined
}

/** One provider, as `createRefresher` takes it. */
export type BrokerProvider = Pick<
  RefresherOptions,
  'provider' | 'client' | 'timeouts' | 'refreshAheadMs' | 'refusedFloorMs' | 'fetch'
>

/** What a broker tells: each request, each look at idle grants, each event of its refreshers. */
export type BrokerEvent =
  | RefreshEvent
  | {
      readonly type: 'idle_grants_checked'
      readonly atMs: number
      /** How many grants there are. */
      readonly grants: number
      /** How many of them were renewed for their own sake. */
      readonly renewed: number
    }
  | {
      readonly type: 'request'
      readonly atMs: number
      readonly route: string
      readonly status: number
      readonly client: string | undefined
      /** The id of the grant, if the request names one that the client may use. */
      readonly grantId: string | undefined
      /** The code of the problem that was answered. */
      readonly code: string | undefined
      readonly durationMs: number
    }

const SECRET_MIN = 32
const OPTIONS: TableOf<BrokerOptions> = {
  providers: needed(
    kind('{ name: { provider, client } }', (value) => isRecord(value) && hasMembers(value)),
  ),
  store: needed(kind('a store that outlives the process: fileStore(…)', isRecord)),
  secret: needed(
    text('at least 32 random characters (openssl rand -hex 32)', (it) => it.length >= SECRET_MIN),
  ),
  listen: needed(kind("{ socket: '/run/broker.sock' } or { port: 8080 }", isListenAt)),
  clients: kind('{ name: { token, grants } }', (value) => isRecord(value) && hasMembers(value)),
  keepAliveEveryMs: ms,
  onEvent: func,
  clock: aClock,
}

const CLIENT: TableOf<BrokerClient> = {
  token: needed(
    text('at least 32 random characters (openssl rand -hex 32)', (it) => it.length >= SECRET_MIN),
  ),
  grants: needed(
    kind("a list of ids: ['crm-*']", (value) => {
      return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')
    }),
  ),
}

/** @throws {TypeError} For options that would open the tokens to others, or lose them. */
export function checkBroker(options: BrokerOptions): void {
  checkOptions('startBroker', options, OPTIONS)
  const { clients, listen: at, store, secret, providers } = options
  for (const [name, client] of Object.entries(clients ?? {})) {
    checkOptions(`startBroker: clients.${name}`, client, CLIENT)
  }
  if (clients === undefined && !('socket' in at)) {
    throw new TypeError(
      'startBroker: on a port every program of the host can ask: write clients: { name: { token, ' +
        'grants } }, or listen: { socket }',
    )
  }
  if (store.name === 'memory') {
    throw new TypeError(
      'startBroker: memoryStore() loses all grants with the process: write fileStore(…), ' +
        'sqliteStore(…), redisStore(…) or postgresStore(…)',
    )
  }
  for (const given of Object.values(providers)) {
    settingsOf({ ...given, ledger: { store, pepper: secret } })
  }
}

function hasMembers(value: object): boolean {
  return Object.keys(value).length > 0 && Object.values(value).every(isRecord)
}

function isListenAt(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { socket, port, host, ...others } = value
  if (Object.keys(others).length > 0) return false
  if (socket !== undefined) return typeof socket === 'string' && socket !== '' && port === undefined
  const isHost = host === undefined || (typeof host === 'string' && host !== '')
  return isHost && Number.isInteger(port) && Number(port) >= 0 && Number(port) < 65_536
}
