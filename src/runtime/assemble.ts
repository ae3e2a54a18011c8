import { createLedger } from '../ledger/ledger.ts'
import { createSealer } from '../ledger/sealer.ts'
import { createTransport } from '../transport/create-transport.ts'
import { logLine } from './log.ts'
import type { Base, Parts } from './parts.ts'
import { pauseOf } from './pauses.ts'
import type { RefresherOptions } from './settings.ts'

/** Makes the parts of a refresher, and nothing happens yet. */
export function assemble(base: Base): Parts {
  const { settings } = base
  const { provider, client, store, clock, random, ledger, pepper, fetch } = settings
  const { staleMs, staleHolders, claimMs, requestTimeoutMs } = settings
  const issuer = provider.issuer ?? provider.tokenEndpoint ?? provider.id
  const id = JSON.stringify([
    store.id ?? store.name,
    ledger,
    pepper,
    issuer,
    client.id,
    provider.id,
  ])
  const onEvent = settings.onEvent ?? logLine(clock)
  return {
    ...base,
    id,
    policy: {
      claimMs,
      staleMs,
      staleHolders,
      takesOver: provider.replay === 'always',
      mayEvict: store.mayEvict ?? false,
    },
    ledger: createLedger({
      store,
      sealer: createSealer({ ledger, pepper, random }),
      identity: { issuer, clientId: client.id },
      clock,
      storeTimeoutMs: settings.storeTimeoutMs,
      ...retentionOf(settings),
    }),
    transport: createTransport({ provider, client, fetch, clock, random, requestTimeoutMs }),
    pauses: pauseOf(`${issuer} ${client.id}`, clock),
    emit(event) {
      try {
        onEvent({ ...event, atMs: clock.now(), provider: provider.id })
      } catch {
        // An observer's failure is the observer's.
      }
    },
  }
}

function retentionOf({ claimRetentionMs, grantRetentionMs, provider }: RefresherOptions): {
  readonly claimRetentionMs?: number
  readonly grantRetentionMs?: number
} {
  const grantMs = grantRetentionMs ?? provider.response.refreshIdleMs
  return {
    ...(claimRetentionMs !== undefined && { claimRetentionMs }),
    ...(grantMs !== undefined && { grantRetentionMs: grantMs }),
  }
}
