import type { Clock } from '../../core/clock.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { digest8, type GrantCounts } from './server.ts'
import { REQUESTS, together, until, type Stage, type ActVerdict } from './stage.ts'

/** Plays the code of the guide: each request that finds the access token expired refreshes it. */
export async function actOne(stage: Stage): Promise<readonly ActVerdict[]> {
  const { server, timeline, clock } = stage
  const { fetch } = globalThis
  const settings = { tokenEndpoint: server.tokenEndpoint, clientId: server.clientId, clock, fetch }
  timeline.title('Act 1: the jwt callback of the Auth.js guide')

  const tokens = await server.signIn()
  const cookie = cookieOf(tokens)
  timeline.event('user', `signs in; the cookie holds refresh token ${digest8(tokens.refreshToken)}`)

  await until(stage, cookie.expires_at * 1000)
  timeline.event('app', `${REQUESTS} requests with that cookie find the access token expired`)
  const after = await together(() => jwtOfTheGuide(cookie, settings))

  const { presentations, granted, refused, reuses, isLive } = await server.counts(
    tokens.refreshToken,
  )
  const counted = `${granted} granted, ${refused} refused`
  timeline.event('server', `got the refresh token ${presentations} times: ${counted}`, 'bad')
  if (reuses > 0 && !isLive) {
    timeline.event('server', 'saw a spent one come back: revokes the grant', 'bad')
  }

  const failed = after.filter(({ error }) => error !== undefined).length
  timeline.event('app', `${failed} requests end in RefreshTokenError`, 'bad')
  const winner = after.find(({ error }) => error === undefined)
  const isAlive = winner !== undefined && (await server.isLive(winner.refresh_token))
  timeline.event(
    'user',
    isAlive ? 'goes on' : 'is signed out: the tokens of the one that won are dead too',
    'bad',
  )

  return [
    {
      holds: presentations === REQUESTS && reuses > 0 && !isLive && !isAlive,
      isLoss: true,
      invariant: 'Act 1 the guide loses the grant: the user is signed out',
      counted: `${presentations} presentations, ${isLive ? 'no' : '1'} grant revoked`,
    },
  ]
}

function cookieOf({ accessToken, refreshToken = '', expiresAtMs = 0 }: TokenSet): GuideToken {
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_at: Math.floor(expiresAtMs / 1000),
  }
}

/** The session cookie of Auth.js, as its guide fills it. */
interface GuideToken {
  readonly access_token: string
  readonly refresh_token: string
  /** Epoch seconds. */
  readonly expires_at: number
  readonly error?: 'RefreshTokenError'
}

interface GuideSettings {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clock: Clock
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/**
 * The `jwt` callback of the Auth.js guide, step by step.
 *
 * @see https://authjs.dev/guides/refresh-token-rotation
 */
async function jwtOfTheGuide(token: GuideToken, settings: GuideSettings): Promise<GuideToken> {
  const { tokenEndpoint, clientId, clock } = settings
  if (clock.now() < token.expires_at * 1000) return token
  try {
    const response = await settings.fetch(tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        grant_type: 'refresh_token',
        refresh_token: token.refresh_token,
      }),
    })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    const { access_token, expires_in, refresh_token } = (await response.json()) as {
      access_token: string
      expires_in: number
      refresh_token?: string
    }
    return {
      access_token,
      expires_at: Math.floor(clock.now() / 1000 + expires_in),
      refresh_token: refresh_token ?? token.refresh_token,
    }
  } catch {
    return { ...token, error: 'RefreshTokenError' }
  }
}

/** The part of a refresher that the demo needs. */
export interface Refreshing {
  refresh(tokens: TokenSet): Promise<Outcome>
}

/** How many requests after the second expiry come from tabs that still have an older cookie. */
const LATE = 5

/** Plays the same requests through refresh-once, then a lost answer and a stale cookie. */
export async function actTwo(stage: Stage, refresher: Refreshing): Promise<readonly ActVerdict[]> {
  const { server, timeline } = stage
  timeline.title('Act 2: refresh-once')

  const first = await server.signIn()
  timeline.event('user', `signs in; the cookie holds refresh token ${nameOf(first)}`)
  const other = await server.signIn()
  timeline.event('other user', `signs in; the cookie holds refresh token ${nameOf(other)}`)
  const counts = (): Promise<GrantCounts> => server.counts(first.refreshToken)

  let cookie: TokenSet = first
  let served = 0
  for (let expiry = 1; expiry <= EXPIRIES; expiry += 1) {
    await until(stage, cookie.expiresAtMs ?? 0)
    const held = expiry === 2 ? { late: first, now: cookie } : { late: cookie, now: cookie }
    const wave = await expire(stage, refresher, (index) => (index < LATE ? held.late : held.now))
    served += wave.served
    cookie = wave.cookie
    if (expiry === 1) await loseAnswer(stage, refresher, other)
  }

  const before = (await counts()).presentations
  const stale = await refresher.refresh(first)
  const presentedForStale = (await counts()).presentations - before
  const isStaleServed = await isServed(stage, stale)
  timeline.event('stale tab', `comes with the first cookie: ${told(stale)}`, tone(isStaleServed))

  const lost = await together(() => refresher.refresh(other))
  timeline.event('other user', `comes again, ${REQUESTS} requests: ${told(lost[0])}`)

  return verdictsOn(await counts(), await server.counts(other.refreshToken), {
    served: served + Number(isStaleServed),
    presentedForStale,
    toldToSignIn: lost.filter(({ needsSignIn, usable }) => needsSignIn && !usable).length,
  })
}

/** Makes all requests at once, after the access token has expired. */
async function expire(
  stage: Stage,
  refresher: Refreshing,
  cookieAt: (index: number) => TokenSet,
): Promise<{ readonly served: number; readonly cookie: TokenSet }> {
  const { server, timeline } = stage
  const last = cookieAt(REQUESTS - 1)
  const late = cookieAt(0) === last ? '' : `, ${LATE} by an older cookie`
  const before = await server.counts(last.refreshToken)
  timeline.event('app', `${REQUESTS} requests find the access token expired${late}`)

  const outcomes = await together((index) => refresher.refresh({ ...cookieAt(index) }))
  const after = await server.counts(last.refreshToken)
  const presented = after.presentations - before.presentations
  timeline.event('server', `got ${nameOf(last)} ${times(presented)}`, tone(presented === 1))

  const taken = await Promise.all(outcomes.map((outcome) => isServed(stage, outcome)))
  const served = taken.filter(Boolean).length
  const cookie = outcomes.find(({ changed }) => changed)?.tokens ?? last
  const saved = `the cookie now holds ${nameOf(cookie)}`
  timeline.event('app', `${served} of ${REQUESTS} served, ${saved}`, tone(served === REQUESTS))
  return { served, cookie }
}

/** Cuts the answer of the server: the refresh token is spent, and its successor is lost. */
async function loseAnswer(stage: Stage, refresher: Refreshing, cookie: TokenSet): Promise<void> {
  const { server, timeline } = stage
  await until(stage, cookie.expiresAtMs ?? 0)
  server.loseNextAnswer()
  const outcome = await refresher.refresh(cookie)
  timeline.event('network', `loses the answer to ${nameOf(cookie)}, which the server has consumed`)
  timeline.event('other user', `is told: ${told(outcome)}`)
}

async function isServed({ server }: Stage, { usable, accessToken }: Outcome): Promise<boolean> {
  return usable && accessToken !== undefined && server.isLive(accessToken)
}

function told(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'nothing'
  const { state, error, needsSignIn, usable, tokens } = outcome
  if (error !== undefined) return `${error.code}${needsSignIn ? ', sign in again' : ''}`
  return usable ? `${state}, with ${nameOf(tokens)}` : state
}

function nameOf({ refreshToken }: TokenSet): string {
  return digest8(refreshToken)
}

function tone(isGood: boolean): 'good' | 'bad' {
  return isGood ? 'good' : 'bad'
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

/** How many lifetimes of an access token the second act lasts. */
const EXPIRIES = 3

/** What the requests of the second act got. */
interface ActTwoResults {
  readonly served: number
  readonly presentedForStale: number
  readonly toldToSignIn: number
}

/** Judges the invariants by what the server counted for the two grants of the second act. */
function verdictsOn(
  counts: GrantCounts,
  other: GrantCounts,
  seen: ActTwoResults,
): readonly ActVerdict[] {
  const tokens = counts.presentedTokens + other.presentedTokens
  const presentedTwice = counts.presentedTwice + other.presentedTwice
  const atOnceMax = Math.max(counts.atOnceMax, other.atOnceMax)
  const dead = [counts, other].filter(({ isLive }) => !isLive).length
  const refused = counts.refused + other.refused
  const requests = EXPIRIES * REQUESTS + 1
  return [
    {
      holds: presentedTwice === 0 && tokens === EXPIRIES + 1,
      invariant: 'P1/P2 refresh tokens presented more than once',
      counted: `${presentedTwice} of ${tokens}`,
    },
    {
      holds: atOnceMax === 1,
      invariant: 'P1    presentations of one refresh token at once, at most',
      counted: `${atOnceMax}`,
    },
    {
      holds: other.presentations === 1 && other.lost === 1 && seen.toldToSignIn === REQUESTS,
      invariant: 'P2    presentations of the token whose answer was lost',
      counted: `${other.presentations}; ${seen.toldToSignIn} of ${REQUESTS} told to sign in`,
    },
    {
      holds: seen.served === requests,
      invariant: 'P3    requests served with a token that the server takes',
      counted: `${seen.served} of ${requests}`,
    },
    {
      holds: seen.presentedForStale === 0,
      invariant: 'P4    presentations caused by the stale cookie',
      counted: `${seen.presentedForStale}`,
    },
    {
      holds: dead === 0 && refused === 0,
      invariant: 'P5    grants revoked',
      counted: `${dead} of 2, ${refused} refusals`,
    },
  ]
}
