export { storeContract } from './store-contract.ts'
export type { Contender, Runner } from './store-contract.ts'
export { startOidcServer, tokenSetOf } from './oidc-server.ts'
export type {
  ClientId,
  Counts,
  Fault,
  Faults,
  JournalEntry,
  OidcServer,
  OidcServerOptions,
  SignInOptions,
  TokenAnswer,
  Wait,
} from './oidc-server.ts'
