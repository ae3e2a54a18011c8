import { describe, expect, it, onTestFinished } from 'vitest'
import { actOne, actTwo, type Refreshing } from '../../src/cli/demo/acts.ts'
import {
  startDemoServer,
  type DemoServer,
  type DemoServerOptions,
} from '../../src/cli/demo/server.ts'
import { timeline, type Stage, type ActVerdict } from '../../src/cli/demo/stage.ts'
import { systemClock, type Clock } from '../../src/core/clock.ts'
import { RefreshError } from '../../src/core/errors.ts'
import { createRefresher } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { TokenSet } from '../../src/core/token-set.ts'

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

let server: DemoServer
let stage: Stage
let printed: string

async function setUp(
  options: Partial<DemoServerOptions> & Pick<DemoServerOptions, 'kind'>,
): Promise<void> {
  const clock = leaping()
  printed = ''
  server = await startDemoServer({ accessTokenMs: 60_000, clock: systemClock, ...options })
  onTestFinished(() => server[Symbol.asyncDispose]())
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
}

const broken = (verdicts: readonly ActVerdict[]): string[] =>
  verdicts.filter(({ holds }) => !holds).map(({ invariant }) => invariant.slice(0, 5).trim())

describe.each(['oidc-provider', 'described'] as const)('the demo on the server %s', (kind) => {
  it('loses the grant to the callback of the guide', async () => {
    await setUp({ kind })

    const verdicts = await actOne(stage)

    expect(broken(verdicts)).toEqual([])
    expect(printed).toMatch(/server +got the refresh token 20 times: 1 granted, 19 refused/)
    expect(printed).toMatch(/server +saw a spent one come back: revokes the grant/)
  })

  it('holds every invariant with one presentation for each refresh token', async () => {
    await setUp({ kind })

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

  it('breaks every invariant when each request presents what it has', async () => {
    await setUp({ kind })

    const verdicts = await actTwo(stage, presenting())

    expect(broken(verdicts)).toEqual(['P1/P2', 'P1', 'P2', 'P3', 'P4', 'P5'])
  })

  it('prints no token', async () => {
    await setUp({ kind })

    await actTwo(stage, remembering())

    expect(printed).not.toMatch(/[\w-]{40}/)
  })

  it('gives a refresher what it needs', async () => {
    await setUp({ kind })
    const { provider, clientId: id } = server
    const store = memoryStore({ name: 'demo' })
    const refresher = createRefresher({ provider, client: { id }, ledger: { store } })
    const tokens = await server.signIn()

    const { accessToken = '' } = await refresher.refresh({ ...tokens, expiresAtMs: 0 })

    expect(accessToken).not.toBe(tokens.accessToken)
    expect(await server.isLive(accessToken)).toBe(true)
    expect(await server.counts(tokens.refreshToken)).toMatchObject({ granted: 1, refused: 0 })
  })
})

describe('the first act', () => {
  it('does not hold on a server that does not rotate', async () => {
    await setUp({ kind: 'described', rotates: false })

    const verdicts = await actOne(stage)

    expect(broken(verdicts)).toEqual(['Act 1'])
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
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: server.clientId,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    }),
  })
  if (!response.ok) return undefined
  const body = (await response.json()) as Record<string, unknown>
  return {
    accessToken: String(body['access_token']),
    refreshToken: String(body['refresh_token']),
    expiresAtMs: stage.clock.now() + 60_000,
  }
}

function outcomeOf(tokens: TokenSet | undefined): Outcome {
  if (tokens === undefined) {
    return {
      state: 'error',
      tokens: { accessToken: '' },
      accessToken: undefined,
      changed: false,
      usable: false,
      needsSignIn: true,
      canSignInSilently: false,
      error: new RefreshError('lost'),
    }
  }
  const { accessToken } = tokens
  return {
    state: 'rotated',
    tokens,
    accessToken,
    changed: true,
    usable: true,
    needsSignIn: false,
    canSignInSilently: false,
    error: undefined,
  }
}
