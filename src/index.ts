export { createRefresher } from './runtime/refresher.ts'
export type { Refresher } from './runtime/refresher.ts'
export type { RefresherOptions, RefreshOptions } from './runtime/options.ts'
export { tokenSource } from './runtime/token-source.ts'
export type { TokenSource, TokenStorage } from './runtime/token-source.ts'
export type { OnEvent, RefreshEvent } from './runtime/events.ts'

export type { TokenSet } from './core/token-set.ts'
export type {
  Handle,
  KeepOptions,
  Keeper,
  Outcome,
  OutcomeState,
  RevokeOutcome,
} from './core/outcome.ts'
export { isRefreshError, RefreshError } from './core/errors.ts'
export type { ErrorCode } from './core/errors.ts'
export { readTokenSet, writeTokenSet } from './core/field-styles.ts'
export type { FieldStyle } from './core/field-styles.ts'
export { tokenSetFromResponse } from './core/token-response.ts'
export { defineProvider } from './core/define-provider.ts'
export type { Client, Overrides, Provider, ProviderDescription } from './core/provider.ts'
export type { Clock } from './core/clock.ts'
export type { Random } from './core/random.ts'
export type { Store, StoredRow } from './ledger/store.ts'
