import { built } from '../built.ts'
import type { Subject } from '../properties/subject.ts'

type Define = typeof import('../../src/core/define-provider.ts')
type Engine = typeof import('../../src/runtime/refresher.ts')
type Main = typeof import('../../src/index.ts')
type Sealer = typeof import('../../src/ledger/sealer.ts')
type Memory = typeof import('../../src/stores/memory.ts')

// Loading takes turns of the event loop that no seed rules.
await (await built<Engine>('src/runtime/refresher')).loadEngine()

/** The package as it is built. */
export const published: Subject = {
  ...(await built<Main>('src/index')),
  ...(await built<Define>('src/core/define-provider')),
  ...(await built<Sealer>('src/ledger/sealer')),
  ...(await built<Memory>('src/stores/memory')),
}
