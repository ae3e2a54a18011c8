import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { actOne, actTwo, type Refreshing } from '../../src/cli/demo/acts.ts'
import type { Stage, Verdict } from '../../src/cli/demo/demo.ts'
import { timeline } from '../../src/cli/demo/demo.ts'
import { systemClock, type Clock } from '../../src/core/clock.ts'
import { RefreshError } from '../../src/core/errors.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { startOidcServer, type OidcServer } from '../oidc/oidc-server.ts'

/** A clock on which every wait is over at once: tokens expire for the app, not for the server. */
function leaping(): Clock {
  let leapMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + leapMs,
    setTimeout(callback, ms) {
      leapMs += ms
      queueMicrotask(callback)
      return undefined
    },
  }
}

let server: OidcServer
let stage: Stage
let printed: string

beforeEach(async () => {
  const clock = leaping()
  printed = ''
  server = await startOidcServer()
  stage = {
    server,
    clock,
    timeline: timeline({
      out: (text) => (printed += text),
      error: () => {},
      hasColors: false,
      clock,
    }),
  }
})

afterEach(() => server.stop())

const broken = (verdicts: readonly Verdict[]): string[] =>
  verdicts.filter(({ holds }) => !holds).map(({ invariant }) => invariant.slice(0, 5).trim())

describe('the first act', () => {
  it('loses the grant to the callback of the guide', async () => {
    const verdicts = await actOne(stage)

    expect(broken(verdicts)).toEqual([])
    expect(server.counts()).toMatchObject({ presentations: 20, granted: 1, reuses: 1 })
    expect(printed).toMatch(/server +got the refresh token 20 times: 1 granted, 19 refused/)
  })

  it('does not hold on a server that does not rotate', async () => {
    await using lax = await startOidcServer({ rotates: false })

    const verdicts = await actOne({ ...stage, server: lax })

    expect(broken(verdicts)).toEqual(['Act 1'])
  })
})

describe('the second act', () => {
  it('holds with one presentation for each refresh token', async () => {
    const verdicts = await actTwo(stage, remembering())

    expect(broken(verdicts)).toEqual([])
    expect(verdicts.map(({ counted }) => counted)).toEqual([
      '0 of 4',
      '1',
      '1; 20 of 20 told to sign in',
      '61 of 61',
      '0',
      '0 of 2, 0 refusals',
    ])
  })

  it('does not hold when everyone presents what they have', async () => {
    const verdicts = await actTwo(stage, presenting())

    expect(broken(verdicts)).toEqual(['P1/P2', 'P1', 'P2', 'P3', 'P4', 'P5'])
  })

  it('prints no token', async () => {
    await actTwo(stage, remembering())

    expect(printed).not.toMatch(/[\w-]{40}/)
  })
})

/** Presents every refresh token it is given. */
function presenting(): Refreshing {
  return { refresh: (tokens) => present(tokens).then(outcomeOf, () => outcomeOf(undefined)) }
}

/** Presents each refresh token once, and remembers what became of it. */
function remembering(): Refreshing {
  const successors = new Map<string | undefined, Promise<TokenSet | undefined>>()
  return {
    async refresh(tokens) {
      let newest: TokenSet | undefined = tokens
      while (newest && (newest.expiresAtMs ?? 0) <= stage.clock.now()) {
        const known = successors.get(newest.refreshToken)
        const successor: Promise<TokenSet | undefined> =
          known ?? present(newest).catch(() => undefined)
        successors.set(newest.refreshToken, successor)
        newest = await successor
      }
      return outcomeOf(newest)
    },
  }
}

async function present({ refreshToken = '' }: TokenSet): Promise<TokenSet | undefined> {
  const { status, body } = await server.present(refreshToken)
  if (status !== 200) return undefined
  return {
    accessToken: String(body['access_token']),
    refreshToken: String(body['refresh_token']),
    expiresAtMs: stage.clock.now() + 60_000,
  }
}

function outcomeOf(tokens: TokenSet | undefined): Outcome {
  return {
    state: tokens ? 'rotated' : 'error',
    tokens: tokens ?? { accessToken: '' },
    accessToken: tokens?.accessToken,
    changed: tokens !== undefined,
    usable: tokens !== undefined,
    signIn: tokens === undefined,
    error: tokens ? undefined : new RefreshError('lost'),
  }
}
