import type { Subject } from '../properties/subject.ts'

const load = <M>(path: string): Promise<M> =>
  import(new URL(`../../dist/src/${path}.js`, import.meta.url).href) as Promise<M>

type Define = typeof import('../../src/core/define-provider.ts')
type Engine = typeof import('../../src/runtime/load-engine.ts')
type Main = typeof import('../../src/index.ts')
type Sealer = typeof import('../../src/ledger/sealer.ts')
type Memory = typeof import('../../src/stores/memory.ts')

// Loading takes turns of the event loop that no seed rules.
await (await load<Engine>('runtime/load-engine')).loadEngine()

/** The package as it is built: what tsx makes of the sources is slower. */
export const built: Subject = {
  ...(await load<Main>('index')),
  ...(await load<Define>('core/define-provider')),
  ...(await load<Sealer>('ledger/sealer')),
  ...(await load<Memory>('stores/memory')),
}
