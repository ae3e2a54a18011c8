import { defineProvider } from '../../../src/core/define-provider.ts'
import type { Provider, ProviderDescription } from '../../../src/core/provider.ts'
import type { FuzzOptions, Invariant } from '../../../src/testing/fuzz-provider.ts'

/** A provider with one mistake in it, of which the fuzzer must say what it breaks. */
export interface Broken extends Pick<FuzzOptions, 'server' | 'fetch'> {
  /** The mistake, as the end of a sentence. */
  readonly name: string
  readonly provider: Provider
  readonly breaks: Invariant
}

/** A provider without fault, but for what is said. */
export function providerThat(differs: Partial<ProviderDescription>): Provider {
  return defineProvider({
    id: 'broken',
    tokenEndpoint: 'https://id.example.com/token',
    revocationEndpoint: 'https://id.example.com/revoke',
    ...differs,
  })
}

/** A body as an object, as who is in a hurry takes it for one. */
export function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}
