import type { Engine } from './engine.ts'
import type { Base } from './parts.ts'

type EngineModule = typeof import('./engine.ts')

let loaded: EngineModule | undefined

/**
 * Loads all that a fresh set does not need. A process that only ever sees fresh sets, as most cold
 * starts do, never pays for it.
 */
export async function loadEngine(): Promise<EngineModule> {
  loaded ??= await import('./engine.ts')
  return loaded
}

/** The engine of one refresher. */
export interface LazyEngine {
  /** `undefined` until it was loaded. */
  here(): Engine | undefined
  load(): Promise<Engine>
}

export function engineOf(base: Base): LazyEngine {
  let engine: Engine | undefined
  const made = ({ createEngine }: EngineModule): Engine => (engine ??= createEngine(base))
  return {
    here: () => engine ?? (loaded && made(loaded)),
    load: async () => made(await loadEngine()),
  }
}
