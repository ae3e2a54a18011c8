/** A process with a refresher of its own, which the page looks at. Started by stage.ts. */
import { oidc } from '../../../providers/oidc.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { createRefresher } from '../../../src/index.ts'
import type { TokenSet } from '../../../src/index.ts'
import { pageInspector } from '../../../src/inspect/index.ts'
import { fileStore } from '../../../src/stores/file.ts'

export interface MemberSetup {
  readonly label: string
  /** Of the page. */
  readonly url: string
  readonly issuer: string
  readonly client: { readonly id: string }
  /** Where the ledger lies that all processes share. */
  readonly folder: string
  readonly tokens: TokenSet
  /** How many come at once. */
  readonly callers: number
  /** How far its clock is ahead, milliseconds. */
  readonly aheadMs: number
}

const setup = JSON.parse(process.env['MEMBER']!) as MemberSetup
const refresher = createRefresher({
  provider: oidc({ issuer: setup.issuer, rotation: 'always' }),
  client: setup.client,
  ledger: { store: fileStore(setup.folder) },
  clock: { ...systemClock, now: () => systemClock.now() + setup.aheadMs },
  onEvent() {},
  inspect: pageInspector({ url: setup.url, process: setup.label }),
})

process.on('message', () => {
  const calls = Array.from({ length: setup.callers }, () => refresher.refresh({ ...setup.tokens }))
  void Promise.all(calls).then((outcomes) => process.send!(outcomes.map(({ state }) => state)))
})
process.send!('ready')
