import type { Asking } from './exchange.ts'
import type { Chain } from './grants.ts'
import { NEEDS_GRANT, type Measured } from './measured.ts'
import type { Probing } from './probing.ts'
import type { Reuse } from './reuse.ts'
import type { Rotation } from './rotation.ts'

/** How often a request is refused, where a token is replaced now and then only. */
const SOMETIMES = 3

/** Time beyond the window, milliseconds. */
const MARGIN_MS = 500

/**
 * Asks for what no server knows, and then presents the same token as it should be: dead, it was
 * consumed by the request that was refused.
 */
export async function measureValidation(
  probing: Probing,
  rotation: Rotation['rotation'],
  { endsMs }: Pick<Reuse, 'endsMs'>,
): Promise<Measured> {
  const axis = 'validates'
  const none = (why: string): Measured => ({ axis, says: `not measured: ${why}` })
  if (rotation === 'never') return none('no token is consumed')
  const made = await probing.grants.step()
  if (made === undefined) return { axis, says: NEEDS_GRANT }
  const { chain } = made
  const asked = await refused(chain, probing)
  if (asked === undefined) return none('the server does not mind an unknown resource or scope')
  const times = rotation === 'sometimes' ? SOMETIMES : 1
  for (let time = 1; time < times; time += 1) await probing.present(chain.refreshToken, asked)
  await probing.wait(endsMs === 'unknown' ? 0 : endsMs + MARGIN_MS)
  const { kind } = await chain.renew()
  const what = `a request for an unknown ${asked}`
  if (kind === 'dead') return { axis, value: 'after_consuming', says: `${what} spent the token` }
  if (endsMs === 'unknown') return none('the reuse window would hide it')
  return { axis, value: 'before_consuming', says: `${what} left the token as it was` }
}

/** What the server refuses to give; what it gives instead is taken. */
async function refused(chain: Chain, { present, record }: Probing): Promise<Asking | undefined> {
  for (const asking of ['resource', 'scope'] as const) {
    const exchange = await present(chain.refreshToken, asking)
    if (exchange.presentation.outcome !== 'granted') {
      record(`refused-${asking}`, exchange)
      return asking
    }
    chain.take(exchange)
  }
  return undefined
}
