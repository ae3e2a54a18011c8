import type { TokenSet } from '../../core/token-set.ts'
import type { Exchange, Present } from './exchange.ts'

/** What became of a chain by one presentation of its newest token. */
export type Step = { readonly exchange: Exchange; readonly before: string } & (
  | { readonly kind: 'replaced' }
  | { readonly kind: 'kept'; readonly as: 'absent' | 'echoed' }
  | { readonly kind: 'dead' }
)

/** One throw-away grant: its newest tokens. */
export interface Chain {
  readonly isDead: boolean
  readonly accessToken: string | undefined
  readonly refreshToken: string
  /** What must be kept of it, if it is to be kept. */
  readonly tokens: TokenSet
  /** Presents the newest refresh token, and goes on with what came. */
  renew(): Promise<Step>
  /** Goes on with what an exchange brought that was made in another way. */
  take(exchange: Exchange): void
}

/** The grants that were given, one after the other. */
export interface Grants {
  /** Those that were begun. */
  readonly chains: readonly Chain[]
  /** One that is not known to be dead; `undefined` when there is none left. */
  living(): Chain | undefined
  /** The next step of one: a grant that turns out to be dead is put away. */
  step(): Promise<{ readonly chain: Chain; readonly step: Step } | undefined>
}

export function grantsOf(sets: readonly TokenSet[], present: Present): Grants {
  const waiting = [...sets]
  const chains: Chain[] = []
  function living(): Chain | undefined {
    const last = chains.at(-1)
    if (last !== undefined && !last.isDead) return last
    const next = waiting.shift()
    if (next !== undefined) chains.push(chainOf(next, present))
    return next && chains.at(-1)
  }
  return {
    chains,
    living,
    async step() {
      for (let chain = living(); chain !== undefined; chain = living()) {
        const step = await chain.renew()
        if (step.kind !== 'dead') return { chain, step }
      }
      return undefined
    },
  }
}

function chainOf(given: TokenSet, present: Present): Chain {
  let tokens = given
  let accessToken: string | undefined
  let isDead = false
  function take({ presentation }: Exchange): void {
    if (presentation.outcome !== 'granted') return
    const { access, refreshToken } = presentation.response
    accessToken = access.token.expose()
    const { expiresAtMs, obtainedAtMs } = access
    tokens = {
      accessToken,
      refreshToken: refreshToken?.expose() ?? tokens.refreshToken,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...(obtainedAtMs !== undefined && { obtainedAtMs }),
    }
  }
  return {
    get isDead() {
      return isDead
    },
    get accessToken() {
      return accessToken
    },
    get refreshToken() {
      return tokens.refreshToken!
    },
    get tokens() {
      return tokens
    },
    take,
    async renew() {
      const before = tokens.refreshToken!
      const exchange = await present(before)
      const { presentation } = exchange
      if (presentation.outcome !== 'granted') {
        isDead = true
        return { exchange, before, kind: 'dead' }
      }
      take(exchange)
      const came = presentation.response.refreshToken?.expose()
      if (came !== undefined && came !== before) return { exchange, before, kind: 'replaced' }
      return { exchange, before, kind: 'kept', as: came === undefined ? 'absent' : 'echoed' }
    },
  }
}
