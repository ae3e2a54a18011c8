import type { Outcome } from '../../core/outcome.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { digest8, tokenSetOf, type Counts } from '../../testing/oidc-server.ts'
import { EXPIRIES, verdictsOn } from './act-two-verdicts.ts'
import { REQUESTS, together, until, type Stage, type Verdict } from './stage.ts'

/** The part of a refresher that the demo needs. */
export interface Refreshing {
  refresh(tokens: TokenSet): Promise<Outcome>
}

/** Of the requests after the second expiry: tabs that have not seen the new cookie yet. */
const LATE = 5

/** The same requests through refresh-once, and what the guide never gets as far as. */
export async function actTwo(stage: Stage, refresher: Refreshing): Promise<readonly Verdict[]> {
  const { server, timeline, clock } = stage
  timeline.title('Act 2: refresh-once')

  const first = tokenSetOf(await server.signIn(), clock)
  timeline.event('user', `signs in; the cookie holds refresh token ${nameOf(first)}`)
  const other = tokenSetOf(await server.signIn(), clock)
  timeline.event('other user', `signs in; the cookie holds refresh token ${nameOf(other)}`)
  const counts = (): Counts => server.counts(grantOf(stage, first))
  const otherCounts = (): Counts => server.counts(grantOf(stage, other))

  let cookie = first
  let served = 0
  for (let expiry = 1; expiry <= EXPIRIES; expiry += 1) {
    await until(stage, cookie.expiresAtMs ?? 0)
    const held = expiry === 2 ? { late: first, now: cookie } : { late: cookie, now: cookie }
    const wave = await expire(stage, refresher, (index) => (index < LATE ? held.late : held.now))
    served += wave.served
    cookie = wave.cookie
    if (expiry === 1) await loseAnswer(stage, refresher, other)
  }

  const before = counts().presentations
  const stale = await refresher.refresh(first)
  const presentedForStale = counts().presentations - before
  const isStaleServed = await isServed(stage, stale)
  timeline.event('stale tab', `comes with the first cookie: ${told(stale)}`, tone(isStaleServed))

  const lost = await together(() => refresher.refresh(other))
  timeline.event('other user', `comes again, ${REQUESTS} requests: ${told(lost[0])}`)

  return verdictsOn(counts(), otherCounts(), {
    served: served + Number(isStaleServed),
    presentedForStale,
    toldToSignIn: lost.filter(({ signIn, usable }) => signIn && !usable).length,
  })
}

/** The access token has expired, and the requests come together. */
async function expire(
  stage: Stage,
  refresher: Refreshing,
  cookieAt: (index: number) => TokenSet,
): Promise<{ readonly served: number; readonly cookie: TokenSet }> {
  const { server, timeline } = stage
  const last = cookieAt(REQUESTS - 1)
  const late = cookieAt(0) === last ? '' : `, ${LATE} by an older cookie`
  const grant = grantOf(stage, last)
  const before = server.counts(grant).presentations
  timeline.event('app', `${REQUESTS} requests find the access token expired${late}`)

  const outcomes = await together((index) => refresher.refresh({ ...cookieAt(index) }))
  const presented = server.counts(grant).presentations - before
  timeline.event('server', `got ${nameOf(last)} ${times(presented)}`, tone(presented === 1))

  const taken = await Promise.all(outcomes.map((outcome) => isServed(stage, outcome)))
  const served = taken.filter(Boolean).length
  const cookie = outcomes.find(({ changed }) => changed)?.tokens ?? last
  const saved = `the cookie now holds ${nameOf(cookie)}`
  timeline.event('app', `${served} of ${REQUESTS} served, ${saved}`, tone(served === REQUESTS))
  return { served, cookie }
}

/** The server answers, and the answer is cut: the refresh token is spent, its successor lost. */
async function loseAnswer(stage: Stage, refresher: Refreshing, cookie: TokenSet): Promise<void> {
  const { server, timeline } = stage
  await until(stage, cookie.expiresAtMs ?? 0)
  server.faults.next({ kind: 'cut_after' })
  const outcome = await refresher.refresh(cookie)
  timeline.event('network', `loses the answer to ${nameOf(cookie)}, which the server has consumed`)
  timeline.event('other user', `is told: ${told(outcome)}`)
}

async function isServed({ server }: Stage, { usable, accessToken }: Outcome): Promise<boolean> {
  return usable && accessToken !== undefined && server.isLive(accessToken)
}

function grantOf({ server }: Stage, { refreshToken = '' }: TokenSet): number {
  const grant = server.grantOf(refreshToken)
  if (grant === undefined) throw new Error('a token set that is not of this server')
  return grant
}

function told(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'nothing'
  const { state, error, signIn, usable, tokens } = outcome
  if (error !== undefined) return `${error.code}${signIn ? ', sign in again' : ''}`
  return usable ? `${state}, with ${nameOf(tokens)}` : state
}

function nameOf({ refreshToken = '' }: TokenSet): string {
  return digest8(refreshToken)
}

function tone(isGood: boolean): 'good' | 'bad' {
  return isGood ? 'good' : 'bad'
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
