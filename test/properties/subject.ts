import { defineProvider } from '../../src/core/define-provider.ts'
import { createRefresher } from '../../src/index.ts'
import { createSealer } from '../../src/ledger/sealer.ts'
import { loadEngine } from '../../src/runtime/refresher.ts'
import { memoryStore } from '../../src/stores/memory.ts'

// Loading takes turns of the event loop that no seed rules.
await loadEngine()

/** What is put to the test: the shipped source, or a broken copy of it. */
export interface Subject {
  readonly createRefresher: typeof createRefresher
  readonly defineProvider: typeof defineProvider
  readonly createSealer: typeof createSealer
  readonly memoryStore: typeof memoryStore
}

export const shipped: Subject = { createRefresher, defineProvider, createSealer, memoryStore }
