import type { TokenSet } from '../../core/token-set.ts'
import type { Exchange, Present } from './presenting.ts'

/** What became of a chain by one presentation of its newest token. */
export type RenewalStep = { readonly exchange: Exchange; readonly before: string } & (
  | { readonly kind: 'replaced' }
  | { readonly kind: 'kept'; readonly as: 'absent' | 'echoed' }
  | { readonly kind: 'dead' }
)

/** What the answer to a spent token brought. `none`: no refresh token. */
export type Brought = 'successor' | 'newest' | 'left' | 'none'

/** One throw-away grant: its newest tokens. */
export interface Chain {
  readonly isDead: boolean
  readonly accessToken: string | undefined
  readonly refreshToken: string
  /** What must be kept of it, if it is to be kept. */
  readonly tokens: TokenSet
  /** Presents the newest refresh token, and goes on with what came. */
  renew(): Promise<RenewalStep>
  /** Goes on with what an exchange brought that was made in another way. */
  take(exchange: Exchange): Brought
}

/** The grants that were given, one after the other. */
export interface ProbeGrants {
  /** Those that were begun. */
  readonly chains: readonly Chain[]
  /** One that is not known to be dead; `undefined` when there is none left. */
  living(): Chain | undefined
  /** The next step of one: a grant that turns out to be dead is put away. */
  step(): Promise<{ readonly chain: Chain; readonly step: RenewalStep } | undefined>
  /** A grant beside the living one that has just been seen alive. */
  beside(): Promise<Chain | undefined>
}

export function grantsOf(sets: readonly TokenSet[], present: Present): ProbeGrants {
  const waiting = [...sets]
  const chains: Chain[] = []
  function livingBut(other: Chain | undefined): Chain | undefined {
    const begun = chains.find((chain) => chain !== other && !chain.isDead)
    const next = begun === undefined ? waiting.shift() : undefined
    if (next !== undefined) chains.push(chainOf(next, present))
    return next === undefined ? begun : chains.at(-1)
  }
  const living = (): Chain | undefined => livingBut(undefined)
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
    async beside() {
      const first = living()
      for (let chain = livingBut(first); chain !== undefined; chain = livingBut(first)) {
        if ((await chain.renew()).kind !== 'dead') return chain
      }
      return undefined
    },
  }
}

function chainOf(given: TokenSet, present: Present): Chain {
  let tokens = given
  let accessToken: string | undefined
  let isDead = false
  /** Refresh tokens that were replaced, and access tokens that came: an answer may repeat them. */
  const left = new Set<string>()
  const seen = new Set<string>()

  function take({ presentation }: Exchange): Brought {
    if (presentation.outcome !== 'granted') return 'none'
    const { access, refreshToken } = presentation.response
    const newest = tokens.refreshToken!
    const came = refreshToken?.expose()
    const token = access.token.expose()
    const isBack = came !== undefined && left.has(came)
    // A server that repeats an old answer leads back to tokens that the chain has left.
    if (isBack && seen.has(token)) return 'left'
    const next = isBack ? newest : (came ?? newest)
    if (next !== newest) left.add(newest)
    seen.add(token)
    accessToken = token
    const { expiresAtMs, obtainedAtMs } = access
    tokens = {
      accessToken,
      refreshToken: next,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...(obtainedAtMs !== undefined && { obtainedAtMs }),
    }
    if (isBack) return 'left'
    return came === undefined ? 'none' : came === newest ? 'newest' : 'successor'
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
