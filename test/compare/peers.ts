import { tokenSetFromResponse, createRefresher, type TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { DemoServer } from '../../src/cli/demo/server.ts'

/** One process of an application: renews the tokens that a request brought. */
export interface Process {
  /** The tokens that the request goes on with; `undefined` if it has none that are good. */
  renew(tokens: TokenSet): Promise<TokenSet | undefined>
}

/** A way of renewing, of which several processes run. */
export interface Peer {
  readonly name: string
  /** Makes the processes of one application. */
  start(server: DemoServer, count: number): readonly Process[]
}

/** The request that everybody writes by hand; throws when it is refused or no answer comes. */
async function present(server: DemoServer, tokens: TokenSet): Promise<TokenSet> {
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: server.clientId,
      grant_type: 'refresh_token',
      refresh_token: tokens.refreshToken ?? '',
    }),
  })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const next = tokenSetFromResponse((await response.json()) as Record<string, unknown>, {
    nowMs: Date.now(),
  })
  return { ...tokens, ...next }
}

/** As the guide of Auth.js has it: each request presents what its cookie holds. */
const guide: Peer = {
  name: 'the `jwt` callback of the Auth.js guide',
  start: (server, count) => processes(count, () => (tokens) => present(server, tokens)),
}

/** One promise for each refresh token: requests of one process share it. */
const promiseMap: Peer = {
  name: 'a map of promises in each process',
  start: (server, count) =>
    processes(count, () => {
      const running = new Map<string, Promise<TokenSet>>()
      return (tokens) => {
        const key = tokens.refreshToken ?? ''
        const shared = running.get(key) ?? present(server, tokens)
        running.set(key, shared)
        const done = (): boolean => running.delete(key)
        shared.then(done, done)
        return shared
      }
    }),
}

/** A lock that all processes share, and the row of the user, read again under the lock. */
const lock: Peer = {
  name: 'a shared lock, and the row read again under it',
  start(server, count) {
    const rows = new Map<string, TokenSet>()
    let held: Promise<unknown> = Promise.resolve()
    return processes(count, () => (tokens) => {
      const turn = held.then(async () => {
        const key = tokens.refreshToken ?? ''
        const newer = rows.get(key)
        if (newer !== undefined) return newer
        const next = await present(server, tokens)
        rows.set(key, next)
        // The row is the user's only one: what an older request knew is gone with the next renewal.
        for (const [old, row] of rows) if (row.refreshToken === key) rows.delete(old)
        return next
      })
      held = turn.catch(() => {})
      return turn
    })
  },
}

const refreshOnce: Peer = {
  name: '**refresh-once**',
  start(server, count) {
    const store = memoryStore({ name: server.tokenEndpoint })
    return processes(count, () => {
      const refresher = createRefresher({
        provider: server.provider,
        client: { id: server.clientId },
        ledger: { store },
        onEvent: () => {},
      })
      return async (tokens) => {
        const outcome = await refresher.refresh(tokens)
        return outcome.usable ? outcome.tokens : undefined
      }
    })
  },
}

function processes(count: number, make: () => Process['renew']): Process[] {
  return Array.from({ length: count }, () => {
    const renew = make()
    return { renew: (tokens) => renew(tokens).catch(() => undefined) }
  })
}

export const PEERS: readonly Peer[] = [guide, promiseMap, lock, refreshOnce]
