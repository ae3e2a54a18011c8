import { isReusable } from '../core/provider.ts'
import { createLedger } from '../ledger/ledger.ts'
import { createSealer } from '../ledger/sealer.ts'
import { createTransport } from '../transport/transport.ts'
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
  const isListening = settings.onEvent !== undefined || base.watch !== undefined
  const rows = createLedger({
    store,
    sealer: createSealer({ ledger, pepper, random }),
    identity: { issuer, clientId: client.id },
    clock,
    storeTimeoutMs: settings.storeTimeoutMs,
    ...retentionOf(settings),
  })
  return {
    ...base,
    id,
    policy: {
      claimMs,
      staleMs,
      staleHolders,
      takesOver: isReusable(provider),
      mayEvict: store.mayEvict ?? false,
    },
    ledger: rows,
    transport: createTransport({ provider, client, fetch, clock, random, requestTimeoutMs }),
    pauses: pauseOf(`${issuer} ${client.id}`, clock),
    emit(body) {
      // Not spread: V8 is slow to add fields to a copy of what has many shapes.
      const event = Object.assign(body, { atMs: clock.now(), provider: provider.id })
      base.watch?.event(event)
      try {
        onEvent(event)
      } catch {
        // An observer's failure is the observer's.
      }
    },
    nameOf: isListening ? rows.nameOf : () => NAMELESS,
  }
}

const NAMELESS = Promise.resolve(undefined)

function retentionOf({ claimRetentionMs, grantRetentionMs, provider }: RefresherOptions): {
  readonly claimRetentionMs?: number
  readonly grantRetentionMs?: number
} {
  const { refreshIdleMs, refreshLifetimeMs } = provider.response
  const grantMs = grantRetentionMs ?? refreshIdleMs ?? refreshLifetimeMs
  return {
    ...(claimRetentionMs !== undefined && { claimRetentionMs }),
    ...(grantMs !== undefined && { grantRetentionMs: grantMs }),
  }
}
