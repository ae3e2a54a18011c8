/** A process of an application whose users come all at once. What it does goes to a page. */
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, type TokenSet } from '../../src/index.ts'
import { pageInspector } from '../../src/inspect/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { CLIENTS } from '../oidc/configuration.ts'

/** What its parent says. */
export interface Order {
  readonly issuer: string
  readonly directory: string
  readonly label: string
  readonly tokens: TokenSet
  readonly callers: number
}

process.once('message', (order: Order) => {
  const { issuer, directory, label, tokens, callers } = order
  const refresher = createRefresher({
    provider: oidc({ issuer, rotation: 'always' }),
    client: CLIENTS.public,
    ledger: { store: fileStore(directory) },
    onEvent() {},
    inspect: pageInspector({ process: label }),
  })
  const all = Array.from({ length: callers }, () => refresher.refresh({ ...tokens }))
  void Promise.all(all).then((outcomes) => {
    process.send?.(outcomes.map(({ state, usable, tokens: newest }) => ({ state, usable, newest })))
    process.disconnect()
  })
})
