import type { Presentation } from '../../core/failure.ts'
import type { Provider } from '../../core/provider.ts'
import { Secret } from '../../core/secret.ts'
import { ending } from '../../transport/token-response.ts'
import type { Exchange } from './exchange.ts'
import type { Recorded, Shown } from './measured.ts'
import { sanitised } from './sanitise.ts'

/** One recorded answer without tokens, and what it comes to. The refresh token is `rt-1`. */
export interface Fixture {
  readonly title: string
  readonly source: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** What refresh-once makes of it, whole. */
  readonly expected: Readonly<Record<string, unknown>>
}

const TITLES: Readonly<Record<Shown, string>> = {
  'granted-replaced': 'the refresh token was replaced',
  'granted-kept': 'the refresh token was kept',
  'rejected-spent': 'a spent refresh token',
  'rejected-unknown': 'a refresh token that was made up',
  'refused-resource': 'a resource that the server does not know',
  'refused-scope': 'a scope that the server does not know',
  'refused-client': 'a client that the server does not know',
}

/** What tells how to read an answer; all other headers are of the day. */
const HEADERS = ['content-type', 'www-authenticate', 'retry-after']

/** The answers that were seen, by the name of their files. */
export function fixturesOf(
  recorded: Recorded,
  provider: Provider,
  today: string,
): ReadonlyMap<string, Fixture> {
  const shown = Object.entries(recorded) as [Shown, Exchange][]
  return new Map(
    shown.map(([name, exchange]) => {
      const source = `refresh-once probe, ${today}`
      return [`${name}.json`, { title: TITLES[name], source, ...plain(exchange, provider) }]
    }),
  )
}

function plain({ answer, presentation, token }: Exchange, provider: Provider) {
  const { status, headers } = answer
  const kept = HEADERS.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, name === 'www-authenticate' ? schemeOf(value) : value]]
  })
  const body = sanitised(answer.body, namesOf(presentation, token))
  const shown = {
    status,
    headers: Object.fromEntries(kept) as Record<string, string>,
    body: body === null ? '' : body,
  }
  const presented = { refreshToken: new Secret('rt-1'), audience: {} }
  const context = { provider, presented, origin: '', nowMs: 0 }
  const again = { status, headers: new Headers(shown.headers), body }
  return { ...shown, expected: expectedOf(ending({ answered: true, answer: again }, context)) }
}

const schemeOf = (challenge: string): string => challenge.split(' ')[0]!

/** What stands in the place of each token. */
function namesOf(presentation: Presentation, token: string): ReadonlyMap<string, string> {
  const names = new Map([[token, 'rt-1']])
  if (presentation.outcome !== 'granted') return names
  const { access, refreshToken, idToken } = presentation.response
  names.set(access.token.expose(), 'at-2')
  if (idToken !== undefined) names.set(idToken.expose(), 'id-2')
  const came = refreshToken?.expose()
  return came === undefined || came === token ? names : names.set(came, 'rt-2')
}

function expectedOf(presentation: Presentation): Readonly<Record<string, unknown>> {
  if (presentation.outcome !== 'granted') {
    const { origin: _, ...others } = presentation
    return others
  }
  const { access, refreshToken, idToken, isWithout } = presentation.response
  const { token, expiresAtMs, obtainedAtMs = 0, ...others } = access
  return {
    outcome: 'granted',
    accessToken: token.expose(),
    ...others,
    ...(expiresAtMs !== undefined && { expiresInMs: expiresAtMs - obtainedAtMs }),
    ...(refreshToken && { refreshToken: refreshToken.expose() }),
    ...(idToken && { idToken: idToken.expose() }),
    ...(isWithout && { isWithout }),
  }
}
