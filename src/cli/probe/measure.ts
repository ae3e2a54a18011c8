import { toBase64url } from '../../core/text.ts'
import { systemRandom } from '../../core/random.ts'
import { Halted, type Exchange } from './exchange.ts'
import type { Measured, Recorded, Shown } from './measured.ts'
import type { Probing } from './probing.ts'
import { measureReuse, type Reuse } from './reuse.ts'
import { measureRotation } from './rotation.ts'
import { measureValidation } from './validation.ts'

/** All that was found out. */
export interface Result {
  readonly found: readonly Measured[]
  readonly recorded: Recorded
  /** Why it stopped before its end. */
  readonly halted: string | undefined
}

/**
 * Measures, the harmless first. What a grant's end keeps from being measured is tried with the next
 * grant.
 */
export async function measure(circumstances: Omit<Probing, 'record'>): Promise<Result> {
  const recorded: Partial<Record<Shown, Exchange>> = {}
  const record = (shown: Shown, exchange: Exchange): void => void (recorded[shown] ??= exchange)
  const probing: Probing = { ...circumstances, record }
  const found: Measured[] = []
  const ended = (halted?: string): Result => ({ found, recorded, halted })
  try {
    await introduce(probing)
    const rotated = await measureRotation(probing)
    found.push(...rotated.found)
    const { rotation, isAlive } = rotated
    if (rotation === undefined) return ended('no refresh token that was given is alive')
    const reuse: Reuse = await measureReuse(probing, isAlive)
    found.push(...reuse.found, await measureValidation(probing, rotation, reuse))
    return ended()
  } catch (error) {
    if (!(error instanceof Halted)) throw error
    return ended(error.message)
  }
}

/**
 * Presents a token that was made up: first as the client, then as one that nobody knows. A server
 * that does not know the client is not shown a real token.
 */
async function introduce({ present, record }: Probing): Promise<void> {
  const madeUp = `refresh-once-probe-made-this-up-${toBase64url(systemRandom.bytes(24))}`
  const known = await present(madeUp)
  if (known.presentation.outcome === 'granted') {
    throw new Halted('the server gave tokens for a refresh token that was made up')
  }
  record('rejected-unknown', known)
  const nobody = await present(madeUp, 'as_nobody')
  if (!isAlike(known, nobody)) return record('refused-client', nobody)
  if (known.presentation.outcome === 'refused') throw new Halted('the server refuses the client')
}

/** Whether two refusals look the same to whoever reads them. */
function isAlike(one: Exchange, other: Exchange): boolean {
  const look = ({ answer: { status }, presentation }: Exchange): string =>
    `${status} ${'oauthError' in presentation ? presentation.oauthError : ''}`
  return look(one) === look(other)
}
