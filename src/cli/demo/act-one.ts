import { digest8, type TokenAnswer } from '../../testing/oidc-server.ts'
import { jwtOfTheGuide, type GuideToken } from './guide.ts'
import { refusals, REQUESTS, together, until, type Stage, type Verdict } from './stage.ts'

/** What everyone writes: each request that finds the access token expired refreshes it. */
export async function actOne(stage: Stage): Promise<readonly Verdict[]> {
  const { server, timeline, clock } = stage
  const { fetch } = globalThis
  const settings = { tokenEndpoint: server.tokenEndpoint, clientId: 'public', clock, fetch }
  timeline.title('Act 1: the jwt callback of the Auth.js guide')

  const answer = await server.signIn()
  const grant = server.grantOf(answer.refresh_token)
  const cookie = cookieOf(answer, clock.now())
  timeline.event(
    'user',
    `signs in; the cookie holds refresh token ${digest8(cookie.refresh_token)}`,
  )

  await until(stage, cookie.expires_at * 1000)
  timeline.event('app', `${REQUESTS} requests with that cookie find the access token expired`)
  const after = await together(() => jwtOfTheGuide(cookie, settings))

  const { presentations, granted, refused, reuses, grants } = server.counts(grant)
  const counted = `${granted} granted, ${refusals(refused)} refused`
  timeline.event('server', `got the refresh token ${presentations} times: ${counted}`, 'bad')
  if (reuses > 0) timeline.event('server', 'saw a spent one come back: revokes the grant', 'bad')

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
      holds: presentations === REQUESTS && reuses > 0 && grants.dead === 1 && !isAlive,
      invariant: 'Act 1 the guide loses the grant: the server is strict',
      counted: `${presentations} presentations, ${grants.dead} grant revoked`,
    },
  ]
}

function cookieOf(answer: TokenAnswer, nowMs: number): GuideToken {
  const { access_token, refresh_token, expires_in } = answer
  return { access_token, refresh_token, expires_at: Math.floor(nowMs / 1000 + expires_in) }
}
