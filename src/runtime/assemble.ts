import { createLedger } from '../ledger/ledger.ts'
import { createSealer } from '../ledger/sealer.ts'
import { createTransport } from '../transport/create-transport.ts'
import { background } from './background.ts'
import { logLine } from './log.ts'
import type { Parts } from './parts.ts'
import { pauseOf } from './pauses.ts'
import { settingsOf } from './settings.ts'
import type { RefresherOptions } from './settings.ts'

/** Makes the parts of a refresher, and nothing happens yet. */
export function assemble(options: RefresherOptions): Parts {
  const settings = settingsOf(options)
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
    id,
    settings,
    policy: {
      claimMs,
      staleMs,
      staleHolders,
      takesOver: provider.replay === 'always',
      mayEvict: store.mayEvict ?? false,
    },
    ledger: createLedger({
      store,
      sealer: createSealer({ ledger, pepper }),
      identity: { issuer, clientId: client.id },
      clock,
      storeTimeoutMs: settings.storeTimeoutMs,
      ...retentionOf(settings),
    }),
    transport: createTransport({ provider, client, fetch, clock, random, requestTimeoutMs }),
    background: background(),
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
