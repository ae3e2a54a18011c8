import { checkedTokenSet, checkSendable, grantOf } from '../core/check-token-set.ts'
import { tokensOf } from '../core/tokens.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { tokensToStored } from '../ledger/stored-token-set.ts'
import type { StoredTokenSet } from '../ledger/stored-token-set.ts'
import { revoke, takeClaim } from '../ledger/protocol/index.ts'
import { nameOf } from './outputs.ts'
import type { RefresherContext } from './context.ts'
import { errorOf, problemOf } from './outcome.ts'
import { isRefreshError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { toBase64url } from '../core/text.ts'
import type { ChainPosition, TakeClaimAnswer } from '../ledger/protocol/index.ts'
import type { Revoked } from '../transport/revocation.ts'
import { sleep } from '../core/clock.ts'
import type { RevokeOutcome } from '../core/outcome.ts'

/** Of what the ledger was not asked about. */
const NAMELESS = { token: undefined, grant: undefined }

/**
 * Ends the chain in the ledger first, so that nothing is born of it any more; takes the claim of
 * the newest token or waits for its holder; then tells the AS. With the ledger down the AS is told
 * about the tokens at hand.
 */
export async function revokeChain(
  parts: RefresherContext,
  given: TokenSet,
): Promise<RevokeOutcome> {
  const { settings, ledger, policy } = parts
  const { provider, waitMs } = settings
  try {
    const tokens = checkedTokenSet(given)
    checkSendable(tokens, provider)
    const own = tokensOf(tokens)
    const place = grantOf(tokens)
    const { refreshToken } = own
    const name = place && nameOf(place)
    const mine = tokensToStored(own, 0)
    if (refreshToken === undefined && place === undefined) {
      return told(parts, false, await tell(parts, mine, NAMELESS))
    }
    // A set that names its chain leads to it; without refresh token it has no claim row, and needs
    // none.
    const chain = {
      refreshToken: refreshToken ?? new Secret(''),
      hasGrantField: place !== undefined,
      name,
      ...(refreshToken === undefined && { accessToken: new Secret(tokens.accessToken) }),
    }
    const request = {
      claimId: randomName(parts),
      claimMs: policy.claimMs,
      ...(refreshToken !== undefined && { newGrant: randomName(parts) }),
      ...(name !== undefined && { name }),
    }
    try {
      await ledger.ready()
      const { answer } = await ledger.run(chain, (seen) => revoke<StoredTokenSet>(request, seen), {
        patienceMs: settings.requestTimeoutMs,
      })
      if (answer.type === 'unknown') return told(parts, false, await tell(parts, mine, NAMELESS))
      const grant = await parts.nameOf(chain, answer.position.grant)
      const about = { token: refreshToken?.fingerprint, grant }
      parts.emit({ type: 'revoked', ...about })
      for (const run of parts.keptRuns) {
        if (run.isOf(answer.position.grant, refreshToken)) run.revoke()
      }
      const newest = ('set' in answer ? answer.set : undefined) ?? mine
      return told(parts, true, await bury(parts, newest, answer.position, waitMs, about))
    } catch (error) {
      // The tokens at hand may not be the newest, and they are all that can be revoked now.
      if (isLedgerDown(error)) {
        await tell(parts, mine, { ...NAMELESS, token: refreshToken?.fingerprint })
      }
      return failed(error, provider)
    }
  } catch (error) {
    return failed(error, provider)
  }
}

/** An AS without endpoint is no failure: its description says so. */
function told(
  { settings: { provider } }: RefresherContext,
  ended: boolean,
  burial: Burial,
): RevokeOutcome {
  if (burial.revoked || provider.revocationEndpoint === null) {
    return { ended, revoked: burial.revoked, error: undefined }
  }
  const { revoked, ...trouble } = burial
  const hint = trouble.code === 'no_revocation_endpoint' ? withoutEndpoint(ended) : undefined
  const problem = { ...trouble, ...(hint !== undefined && { hint }) }
  return { ended, revoked, error: errorOf(problem, provider.id, undefined) }
}

/** What a sign-out reached where the AS cannot be told of it. */
function withoutEndpoint(ended: boolean): string {
  const here = ended
    ? 'The chain has ended in the ledger: no holder is handed a token of it any more.'
    : 'The set has no refresh token and no chain in the ledger: nothing has ended.'
  return (
    `${here} At the authorization server the tokens live until they expire. ` +
    'If it has no such endpoint, write revocationEndpoint: null; if it has one, write its URL.'
  )
}

/**
 * Codes under which the AS is told without the ledger. Under every other code the ledger has
 * answered, and what it said must not be bypassed: after `wrong_issuer` the tokens belong to
 * another AS, or to another client of this one (S4).
 */
const LEDGER_IS_DOWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'store_unavailable',
  'store_full',
  'row_unreadable',
])

function isLedgerDown(error: unknown): boolean {
  return isRefreshError(error) && LEDGER_IS_DOWN.has(error.code)
}

function failed(error: unknown, { id }: Pick<Provider, 'id'>): RevokeOutcome {
  return { ended: false, revoked: false, error: errorOf(problemOf(error), id, undefined) }
}

/** How the end of a chain was told to the AS: whether it says that the refresh token is dead. */
export type Burial = Revoked

/** Fingerprints of what somebody came with. */
export interface About {
  readonly token: string | undefined
  readonly grant: string | undefined
}

/** A name for a claim or a grant: 32 random bytes. */
export function randomName({ settings }: Pick<RefresherContext, 'settings'>): string {
  return toBase64url(settings.random.bytes(32))
}

/**
 * Revokes what an ended chain left alive: takes the claim of its newest refresh token, so that
 * nobody presents it any more, or waits for whoever does; then tells the AS, whatever became of the
 * claim: with the store down nobody claims.
 *
 * @param patienceMs How long somebody else's presentation is waited for.
 */
export async function bury(
  parts: RefresherContext,
  newest: StoredTokenSet,
  position: ChainPosition,
  patienceMs: number,
  about: About,
): Promise<Burial> {
  if (newest.refreshToken !== undefined) {
    const refreshToken = new Secret(newest.refreshToken)
    try {
      await claimNewest(parts, refreshToken, position, patienceMs)
    } catch (error) {
      if (!isLedgerDown(error)) return { revoked: false, ...problemOf(error) }
    }
  }
  return tell(parts, newest, about)
}

async function claimNewest(
  parts: RefresherContext,
  refreshToken: Secret,
  position: ChainPosition,
  patienceMs: number,
): Promise<void> {
  const { ledger, policy, settings } = parts
  const chain = { refreshToken }
  const request = { claimId: randomName(parts), newGrant: position.grant, claimMs: policy.claimMs }
  const endsAt = settings.clock.monotonic() + patienceMs
  for (;;) {
    const { answer, view } = await ledger.run(chain, (seen) =>
      takeClaim<StoredTokenSet>(request, position, seen),
    )
    const next = AFTER_TAKING[answer.type](answer)
    if (next.done) return
    if (next.position !== undefined) {
      position = next.position
      await ledger.run(chain, (seen) => revoke<StoredTokenSet>(request, seen))
    } else {
      const leftMs = endsAt - settings.clock.monotonic()
      if (leftMs <= 0) return
      const stop = new AbortController()
      const over = sleep(settings.clock, leftMs, stop.signal)
      await Promise.race([ledger.watch(chain, view, position, stop.signal), over])
      stop.abort()
    }
  }
}

interface AfterTaking {
  readonly done: boolean
  readonly position?: ChainPosition
}

const AFTER_TAKING: { [T in TakeClaimAnswer['type']]: (answer: TakeClaimAnswer) => AfterTaking } = {
  taken: () => ({ done: true }),
  busy: () => ({ done: false }),
  elsewhere: (answer) => ({
    done: false,
    ...('position' in answer && { position: answer.position }),
  }),
}

/** Revokes the tokens of a set (RFC 7009): first the refresh token, then what it was good for. */
export async function tell(
  { transport, emit }: RefresherContext,
  { refreshToken, access }: StoredTokenSet,
  about: About,
): Promise<Burial> {
  const tokens = access.map(([, { token }]) => new Secret(token))
  const ended = await Promise.all([
    ...(refreshToken === undefined
      ? []
      : [transport.revoke({ token: new Secret(refreshToken), hint: 'refresh_token' })]),
    ...tokens.map((token) => transport.revoke({ token, hint: 'access_token' })),
  ])
  const first = ended[0] ?? { revoked: true }
  emit({ type: 'tokens_revoked', ...about, revoked: first.revoked })
  return first
}
