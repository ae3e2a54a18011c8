import { describe, expect, it } from 'vitest'
import { digest8 } from '../oidc/oidc-server.ts'
import type { Reuse } from '../../src/core/provider.ts'
import type { OidcServer } from '../oidc/oidc-server.ts'
import type { TokenSet } from '../../src/index.ts'
import { isLong } from '../runs.ts'
import { BACKENDS, KILLED } from './backends.ts'
import type { Step } from './member-setup.ts'
import { backendOf, NEXT, scene, SHORT } from './scene.ts'

/** More than a refresh takes: the last ones kill nobody. */
const STEPS_MAX = 14
/** Where a holder writes one row more. */
const MORE_STEPS_MAX = 18
/** Each step is died at once in CI, ten times in `npm run verify`. */
const ROUNDS = isLong ? 10 : 1
/** Chains that are killed side by side: who waits for a claim to be overdue does nothing. */
const LANES = 5

/** What became of a chain whose holder was killed. */
interface Fate {
  readonly armedAt: number
  /** Whether it was killed before its caller heard. */
  readonly isKilled: boolean
  readonly steps: readonly Step[]
  readonly isSent: boolean
  readonly isLost: boolean
  /** Not lost: whether whoever came next got a token that works, and so did the one after. */
  readonly goesOn: boolean
}

/** How often rows were written: the claim, then the grant. */
const swaps = (steps: readonly Step[]): number => steps.filter((step) => step === 'swapped').length

/** The claim was taken, and nothing says what came of it. */
const isBetween = ({ steps }: Fate): boolean => swaps(steps) === 1

function isSent(server: OidcServer, { refreshToken }: TokenSet): boolean {
  const digest = digest8(refreshToken!)
  return server.journal.some(({ kind, digest8 }) => kind === 'presented' && digest8 === digest)
}

/** What a server does with a spent token, and which kills no rule can save there. */
interface Kind {
  readonly reuse: Reuse
  costs(fate: Fate): boolean
}

const STRICT: Kind = { reuse: 'revokes', costs: isBetween }

const KINDS: readonly Kind[] = [
  { reuse: 'refused', costs: (fate) => isBetween(fate) && fate.isSent },
  { reuse: 'accepted', costs: () => false },
  { reuse: { acceptedForMs: 60_000 }, costs: () => false },
  { reuse: 'until_successor_used', costs: () => false },
]

/** Who follows a holder at such a server waits for half a minute. */
const CALM = { ...SHORT, waitMs: 90_000 }

const nameOf = ({ reuse }: Kind): string =>
  typeof reuse === 'object' ? 'accepted for a minute' : reuse

const CASES = [
  ...KILLED.map((store) => ({ store, kind: STRICT, name: nameOf(STRICT) })),
  ...(isLong ? KINDS : []).map((kind) => ({ store: BACKENDS[0]!, kind, name: nameOf(kind) })),
]

describe.each(CASES)('a holder that is killed, over $store, spent tokens: $name', (world) => {
  const { store, kind, name } = world
  const backend = backendOf(store)

  it('costs its chain only if no rule can save it, and no grant', async () => {
    const { reuse } = kind
    const isMeasured = kind !== STRICT
    await using stage = await scene(backend(), CALM, { reuse, isMeasured })
    const { server, signIn } = stage
    const member = () => stage.member({ reuse })
    const survivor = await member()
    const fates: Fate[] = []

    async function fate(armedAt: number): Promise<Fate> {
      const first = await signIn()
      // A set that carries its grant, as sets do from their first refresh on.
      const { tokens } = await survivor.refresh(first, NEXT)
      const victim = await member()
      await victim.arm({ at: armedAt, signal: 'SIGKILL' })
      const finished = victim.refresh(tokens, NEXT)
      const heard = finished.then(() => false)
      const isKilled = await Promise.race([victim.ended.then(() => true), heard])
      const steps = victim.steps()
      await victim.stop()

      const wasSent = isSent(server, tokens)
      const outcome = await survivor.refresh(tokens, NEXT)
      const { accessToken } = outcome
      const isServed = accessToken !== undefined && (await server.isLive(accessToken))
      const next = isServed ? await survivor.refresh(outcome.tokens, NEXT) : outcome
      return {
        armedAt,
        isKilled,
        steps,
        isSent: wasSent,
        isLost: outcome.code === 'lost',
        goesOn: isServed && next.state === 'rotated' && next.usable,
      }
    }

    const stepsMax = isMeasured ? MORE_STEPS_MAX : STEPS_MAX
    const rounds = isMeasured ? 1 : ROUNDS
    const deaths = Array.from({ length: rounds * stepsMax }, (_, i) => (i % stepsMax) + 1)
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        for (let at = deaths.shift(); at !== undefined; at = deaths.shift()) {
          fates.push(await fate(at))
        }
      }),
    )

    const lost = fates.filter(({ isLost }) => isLost)
    const sent = lost.filter(({ isSent }) => isSent)
    const killed = fates.filter(({ isKilled }) => isKilled)
    console.info(
      `${store}, ${name}: ${fates.length} chains, ${killed.length} holders killed, ` +
        `${fates.length - lost.length} chains went on, ` +
        `${lost.length} lost: ${sent.length} sent, ${lost.length - sent.length} never sent`,
    )
    for (const { armedAt, isKilled, steps } of fates)
      expect(steps.length === armedAt).toBe(isKilled)
    expect(killed.some(({ steps }) => swaps(steps) === 2)).toBe(true)
    expect(fates.filter(({ armedAt, isKilled }) => armedAt === stepsMax && isKilled)).toEqual([])
    expect(fates.filter((each) => kind.costs(each) !== each.isLost)).toEqual([])
    expect(server.counts().reuses).toBe(0)
    expect(fates.filter(({ isLost, goesOn }) => isLost === goesOn)).toEqual([])
    const isStrict = kind === STRICT
    expect(sent.length > 0).toBe(isStrict || reuse === 'refused')
    expect(lost.length > sent.length).toBe(isStrict)
    expect(fates.length - lost.length).toBeGreaterThan(0)
  }, 900_000)
})
