export { storeContract } from './store-contract.ts'
export type { Contender, Runner } from './store-contract.ts'
export { authorizationServer } from './authorization-server.ts'
export type {
  AuthorizationServer,
  AuthorizationServerOptions,
  Behaviour,
  DescribedEntry,
  ErrorAnswer,
  ExchangeFault,
  ReuseWindow,
  ServerDescription,
  Wire,
} from './authorization-server.ts'
export { serverOf } from './authorization-server/provider-server.ts'
export { presets } from './presets.ts'
export type { PresetName } from './presets.ts'
export { FuzzError, fuzzProvider, INVARIANTS } from './fuzz-provider.ts'
export type { Counterexample, FuzzOptions, FuzzResult, Invariant } from './fuzz-provider.ts'
