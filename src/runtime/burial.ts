import { Secret } from '../core/secret.ts'
import { toBase64url } from '../core/base64url.ts'
import type { Kept } from '../ledger/kept.ts'
import { revoke, seize } from '../ledger/protocol.ts'
import type { Place, SeizeAnswer } from '../ledger/protocol.ts'
import type { Revoked } from '../transport/transport.ts'
import type { Parts } from './parts.ts'
import { sleep } from '../core/clock.ts'

/** How the end of a chain was told to the AS: whether it says that the refresh token is dead. */
export type Burial = Revoked

/** Fingerprints of what somebody came with. */
export interface About {
  readonly token: string | undefined
  readonly grant: string | undefined
}

/** A name for a claim or a grant: 32 random bytes. */
export function randomName({ settings }: Pick<Parts, 'settings'>): string {
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
  parts: Parts,
  newest: Kept,
  place: Place,
  patienceMs: number,
  about: About,
): Promise<Burial> {
  if (newest.refreshToken !== undefined) {
    const refreshToken = new Secret(newest.refreshToken)
    await takeClaim(parts, refreshToken, place, patienceMs).catch(() => {})
  }
  return tell(parts, newest, about)
}

async function takeClaim(
  parts: Parts,
  refreshToken: Secret,
  place: Place,
  patienceMs: number,
): Promise<void> {
  const { ledger, policy, settings } = parts
  const chain = { refreshToken }
  const request = { claimId: randomName(parts), minted: place.grant, claimMs: policy.claimMs }
  const endsAt = settings.clock.monotonic() + patienceMs
  for (;;) {
    const { answer, view } = await ledger.run(chain, (seen) => seize<Kept>(request, place, seen))
    const next = SEIZED[answer.type](answer)
    if (next.done) return
    if (next.place !== undefined) {
      place = next.place
      const carried = place
      await ledger.run(chain, (seen) => revoke<Kept>({ ...request, carried }, seen))
    } else {
      const leftMs = endsAt - settings.clock.monotonic()
      if (leftMs <= 0) return
      const stop = new AbortController()
      const over = sleep(settings.clock, leftMs, stop.signal)
      await Promise.race([ledger.watch(chain, view, place, stop.signal), over])
      stop.abort()
    }
  }
}

interface AfterSeize {
  readonly done: boolean
  readonly place?: Place
}

const SEIZED: { [T in SeizeAnswer['type']]: (answer: SeizeAnswer) => AfterSeize } = {
  seized: () => ({ done: true }),
  busy: () => ({ done: false }),
  elsewhere: (answer) => ({ done: false, ...('place' in answer && { place: answer.place }) }),
}

/** Revokes the tokens of a set (RFC 7009): first the refresh token, then what it was good for. */
export async function tell(
  { transport, emit }: Parts,
  { refreshToken, access }: Kept,
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
  emit({ type: 'buried', ...about, revoked: first.revoked })
  return first
}
