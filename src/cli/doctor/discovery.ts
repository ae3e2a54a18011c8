import type { Provider } from '../../core/provider.ts'
import { ownField } from '../../core/text.ts'
import { discovery } from '../../transport/metadata.ts'
import { findings, printable, type Finding } from './finding.ts'
import { look, type Looking, type Seen } from './looking.ts'

const finding = findings('discovery')
const ofTheClock = findings('clock')

/** Beyond this a client assertion (60 s) or a new ID token is refused; well before, it is odd. */
const SKEW_PROBLEM_MS = 60_000
const SKEW_WARNING_MS = 5_000

/** What was found out about the AS. */
export interface Discovered {
  readonly found: readonly Finding[]
  /** As it came. Absent: there is none, or it is another issuer's. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

/** Whether there is metadata (OIDC Discovery §4, RFC 8414 §3), and whether it is this issuer's. */
export async function checkDiscovery(provider: Provider, looking: Looking): Promise<Discovered> {
  const { issuer } = provider
  if (issuer === undefined) return { found: [], metadata: undefined }
  const places = placesOf(issuer)
  let seen: Seen = {}
  for (const place of places) {
    seen = await look(place, looking)
    if (seen.status === 200 || seen.status === undefined || seen.status >= 500) break
  }
  const clock = aboutClock(seen)
  const { status, body } = seen
  if (status !== 200 || body === undefined) {
    const says = status === undefined ? 'no answer' : `status ${status}`
    const about = finding(
      'problem',
      `no metadata at ${places[0]}: ${says}`,
      await nearby(provider, looking),
    )
    // Its endpoints are described: it is not needed.
    const known =
      provider.tokenEndpoint === undefined ? about : { ...about, verdict: 'warning' as const }
    return { found: [known, ...clock], metadata: undefined }
  }
  const named = ownField(body, 'issuer')
  if (named !== issuer) {
    const fix =
      printable(named) === undefined
        ? undefined
        : `Write issuer as it stands there: ${printable(named)}`
    const about = finding('problem', `the metadata at ${places[0]} is another issuer's`, fix)
    return { found: [about, ...clock], metadata: undefined }
  }
  return { found: [await asTheLibrary(provider, looking), ...clock], metadata: body }
}

/** What refresh-once itself makes of it. */
async function asTheLibrary(provider: Provider, { sender, timeoutMs }: Looking): Promise<Finding> {
  const metadata = await discovery(provider, sender, timeoutMs)()
  if (metadata.ready) return finding('fine', `the metadata is that of ${provider.issuer}`)
  return finding('problem', 'refresh-once cannot use the metadata', metadata.hint)
}

function placesOf(issuer: string): readonly [string, ...string[]] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/** Where else an issuer may be that was written a little wrong: Logto's is below `/oidc`. */
async function nearby({ issuer = '' }: Provider, looking: Looking): Promise<string> {
  const bare = issuer.replace(/\/$/, '')
  const { origin } = new URL(issuer)
  for (const place of new Set([`${bare}/oidc`, origin, bare.replace(/\/oidc$/, '')])) {
    const { status, body } = await look(`${place}/.well-known/openid-configuration`, looking)
    const named = status === 200 && body ? printable(ownField(body, 'issuer')) : undefined
    if (named !== undefined && named !== issuer) return `There is some of another issuer: ${named}`
  }
  return 'Check the issuer; or give the endpoints, if it publishes no metadata.'
}

function aboutClock({ skewMs, uncertainMs = 0 }: Seen): readonly Finding[] {
  if (skewMs === undefined) return [ofTheClock('open', 'no answer with a Date to compare with')]
  const atLeastMs = Math.abs(skewMs) - uncertainMs
  const side = skewMs > 0 ? 'ahead of' : 'behind'
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  if (atLeastMs < SKEW_WARNING_MS) {
    return [ofTheClock('fine', "this machine's clock agrees with the server's")]
  }
  return [
    ofTheClock(
      atLeastMs < SKEW_PROBLEM_MS ? 'warning' : 'problem',
      `this machine's clock is ${seconds} s ${side} the server's`,
      'Set it (NTP): ID tokens and client assertions are refused, and expiries are off by as much.',
    ),
  ]
}
