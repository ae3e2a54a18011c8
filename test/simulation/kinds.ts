import type { Behaviour } from '../../src/testing/authorization-server/description.ts'
import { drawBehaviour } from '../../src/testing/authorization-server/description.ts'
import type { ProviderDescription } from '../../src/core/provider.ts'

export const TOKEN_ENDPOINT = 'https://as.example/token'
export const REVOCATION_ENDPOINT = 'https://as.example/revoke'

/** An authorization server, and what a provider says of it. */
export interface Kind {
  readonly name: string
  readonly behaviour: Behaviour
  readonly provider: ProviderDescription
}

const HOUR_MS = 3_600_000
const WINDOW_MS = 60_000

type Axes = Partial<Omit<Behaviour, 'wire'>>

function kind(name: string, axes: Axes, provider: Partial<ProviderDescription>): Kind {
  const { behaviour } = drawBehaviour(
    { name: 'simulated', accessTokenMs: HOUR_MS, reuseEffect: 'grant', ...axes },
    () => 0,
  )
  return {
    name,
    behaviour,
    provider: {
      id: 'as',
      tokenEndpoint: TOKEN_ENDPOINT,
      revocationEndpoint: REVOCATION_ENDPOINT,
      clientAuthentication: 'none',
      ...provider,
    },
  }
}

const ALWAYS = { rotation: 'always' } as const

/** How often each is drawn, and what it is. Most servers rotate, and then everything counts. */
export const KINDS: readonly (readonly [weight: number, kind: Kind])[] = [
  [6, kind('rotates, and ends the grant on reuse', ALWAYS, ALWAYS)],
  [2, kind('rotates every five minutes', { ...ALWAYS, accessTokenMs: 300_000 }, ALWAYS)],
  [2, kind('rotates, and ends the family on reuse', { ...ALWAYS, reuseEffect: 'family' }, ALWAYS)],
  [1, kind('rotates, and only refuses on reuse', { ...ALWAYS, reuseEffect: 'error' }, ALWAYS)],
  [
    2,
    kind(
      'takes a spent token for a minute, and gives another successor',
      { ...ALWAYS, reuseWindow: { ms: WINDOW_MS }, reuseAnswer: 'fork' },
      { ...ALWAYS, reuse: { acceptedForMs: WINDOW_MS } },
    ),
  ],
  [
    1,
    kind(
      'takes a spent token for a minute, and gives the same successor',
      { ...ALWAYS, reuseWindow: { ms: WINDOW_MS }, reuseAnswer: 'idempotent' },
      { ...ALWAYS, reuse: { acceptedForMs: WINDOW_MS } },
    ),
  ],
  [2, kind('rotates now and then', { rotation: 'sometimes' }, { rotation: 'sometimes' })],
  [
    1,
    kind(
      'keeps, and repeats the token',
      { rotation: 'never', keptAs: 'echoed' },
      { rotation: 'sometimes' },
    ),
  ],
  [1, kind('never rotates', { rotation: 'never' }, { rotation: 'never', reuse: 'accepted' })],
]
