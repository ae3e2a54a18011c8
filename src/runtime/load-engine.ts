import type { Engine } from './engine.ts'
import type { Watch } from './inspection/watch.ts'
import type { Base } from './parts.ts'
import type { Settings } from './settings.ts'

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
  const isInspected = base.settings.inspect !== undefined
  const made = ({ createEngine }: EngineModule, watch?: Watch): Engine =>
    (engine ??= createEngine({ ...base, watch }))
  return {
    here: () => engine ?? (isInspected ? undefined : loaded && made(loaded)),
    async load() {
      const engineModule = await loadEngine()
      return made(engineModule, isInspected ? await loadWatch(base.settings) : undefined)
    },
  }
}

/** Loads what an inspector needs, for those who have one. A refresh does without. */
async function loadWatch(settings: Settings): Promise<Watch | undefined> {
  try {
    return (await import('./inspection/watch.ts')).watchOf(settings)
  } catch {
    return undefined
  }
}
