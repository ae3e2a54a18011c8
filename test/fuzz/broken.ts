import { pino } from 'pino'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Provider, ProviderDescription } from '../../src/core/provider.ts'
import type { FuzzOptions, Invariant } from '../../src/testing/fuzz-provider.ts'
import { presets } from '../../src/testing/presets.ts'

/** A provider with one mistake in it, and the invariant that the fuzzer must name for it. */
interface Broken extends Pick<FuzzOptions, 'server' | 'fetch'> {
  /** The mistake, as the end of a sentence. */
  readonly name: string
  readonly provider: Provider
  readonly breaks: Invariant
}

/** A provider without a mistake, but for what is given. */
function providerThat(differs: Partial<ProviderDescription>): Provider {
  return defineProvider({
    id: 'broken',
    tokenEndpoint: 'https://id.example.com/token',
    revocationEndpoint: 'https://id.example.com/revoke',
    ...differs,
  })
}

/** A body as an object, without a check. */
function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

const log = pino(pino.destination({ dest: '/dev/null', sync: true }))

/** The time of a provider that reads no clock; `'3600'` is appended to it as text. */
const NOW_S = 1_800_000_000

/** Providers with one mistake each. */
export const BROKEN: readonly Broken[] = [
  {
    name: 'answers from a cache',
    breaks: 'expiry',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => {
      let cached: Response | undefined
      return async (url, init) => {
        if (cached !== undefined) return cached.clone()
        const response = await fetch(url, init)
        if (response.ok) cached = response.clone()
        return response
      }
    },
  },
  {
    name: 'calls invalid_target unspent where it comes after consuming',
    breaks: 'failures',
    server: 'logto',
    provider: providerThat({ failures: { invalid_target: 'refused_before' } }),
  },
  {
    name: 'claims a window it does not have',
    breaks: 'reuse',
    server: 'oidc-provider',
    provider: providerThat({ reuse: { acceptedForMs: 60_000 } }),
  },
  {
    name: "claims rotation 'always' where the token is kept",
    breaks: 'rotation',
    server: 'google',
    provider: providerThat({ rotation: 'always' }),
  },
  {
    name: "claims rotation 'never' where it rotates",
    breaks: 'rotation',
    server: 'oidc-provider',
    provider: providerThat({ rotation: 'never' }),
  },
  {
    name: 'classifies invalid_client as dead',
    breaks: 'failures',
    server: 'oidc-provider',
    provider: providerThat({ failures: { invalid_client: 'rejected' } }),
  },
  {
    name: "does not know its server's word for a dead grant",
    breaks: 'failures',
    server: 'slack',
    provider: providerThat({ failures: { bad_client_secret: 'refused_before' } }),
  },
  {
    name: "does not know its server's word for a client that is refused",
    breaks: 'failures',
    server: 'github',
    provider: providerThat({ oldAccessToken: 'dies', failures: { bad_refresh_token: 'rejected' } }),
  },
  {
    name: 'drops the successor',
    breaks: 'success',
    server: 'oidc-provider',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          const { access_token, expires_in, error } = membersOf(body)
          return { access_token, expires_in, error }
        },
      },
    }),
  },
  {
    name: 'follows redirects with the token',
    breaks: 'S4',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => async (url, init) => {
      const response = await fetch(url, init)
      const location = response.headers.get('location')
      return location === null ? response : fetch(location, init)
    },
  },
  {
    name: 'sends twice and takes the faster answer',
    breaks: 'P1',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => (url, init) => Promise.any([fetch(url, init), fetch(url, init)]),
  },
  {
    name: 'keeps the old access token though it dies',
    breaks: 'old_access_token',
    server: 'hydra',
    provider: providerThat({ oldAccessToken: 'lives' }),
  },
  {
    name: 'lets fetch follow redirects',
    breaks: 'S4',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => (url, init) => fetch(url, { ...init, redirect: 'follow' }),
  },
  {
    name: 'logs the body by pino',
    breaks: 'S1',
    server: 'oidc-provider',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          log.info({ body }, 'the server answered')
          return membersOf(body)
        },
      },
    }),
  },
  {
    name: 'prints the body',
    breaks: 'S1',
    server: 'oidc-provider',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          console.log('the server answered', body)
          return membersOf(body)
        },
      },
    }),
  },
  {
    name: 'overwrites with undefined',
    breaks: 'success',
    server: 'spotify',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          const members = membersOf(body)
          return { ...members, refresh_token: String(members['refresh_token']) }
        },
      },
    }),
  },
  {
    name: 'prints what the server says',
    breaks: 'S1',
    server: 'oidc-provider',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          const members = membersOf(body)
          const { error_description: why } = members
          if (typeof why === 'string') process.stderr.write(`the server says: ${why}\n`)
          return members
        },
      },
    }),
  },
  {
    name: 'looks for the tokens under other names',
    breaks: 'success',
    server: 'oidc-provider',
    provider: providerThat({
      response: {
        read: ({ body }) => {
          const { accessToken, refreshToken } = membersOf(body)
          return { access_token: accessToken, refresh_token: refreshToken }
        },
      },
    }),
  },
  {
    name: 'retries after a 503',
    breaks: 'P2',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => async (url, init) => {
      const response = await fetch(url, init)
      return response.status === 503 ? fetch(url, init) : response
    },
  },
  {
    name: 'retries after a timeout',
    breaks: 'P2',
    server: 'oidc-provider',
    provider: providerThat({}),
    fetch: (fetch) => async (url, init) => {
      try {
        return await fetch(url, init)
      } catch {
        return fetch(url, init)
      }
    },
  },
  {
    name: 'sends JSON where the server reads a form',
    breaks: 'request',
    server: 'oidc-provider',
    provider: providerThat({ request: { format: 'json' } }),
  },
  {
    name: 'takes an error inside 200 for a token set',
    breaks: 'failures',
    server: 'github',
    provider: providerThat({
      oldAccessToken: 'dies',
      response: {
        read: ({ body }) => {
          const { error, ...members } = membersOf(body)
          return { access_token: error, ...members }
        },
      },
    }),
  },
  {
    name: 'treats an omitted token as kept',
    breaks: 'rotation',
    server: { ...presets['oidc-provider'], name: 'omits', successor: 'omitted' },
    provider: providerThat({ rotation: 'sometimes' }),
  },
  {
    name: 'treats a 200 that cannot be read as dead',
    breaks: 'P5',
    server: 'oidc-provider',
    provider: providerThat({ failures: { 200: 'rejected' } }),
  },
  {
    name: 'treats 503 as dead',
    breaks: 'failures',
    server: 'oidc-provider',
    provider: providerThat({ failures: { 503: 'rejected' } }),
  },
  {
    name: 'treats 503 as never processed',
    breaks: 'failures',
    server: 'oidc-provider',
    provider: providerThat({ failures: { 503: 'deferred' } }),
  },
  {
    name: 'trusts expires_in as a number',
    breaks: 'expiry',
    server: { ...presets.rfc6749, wire: { expiresIn: 'string' } },
    provider: providerThat({
      response: {
        read: ({ body }) => {
          const { expires_in, ...members } = membersOf(body)
          return { ...members, expires_at: NOW_S + (expires_in as number) }
        },
      },
    }),
  },
]

/** What is wrong to say of each answer of a server that keeps to RFC 6749. */
const WRONG: readonly ProviderDescription['failures'][] = [
  { 400: 'rejected', invalid_request: 'rejected', invalid_scope: 'rejected' },
  { 400: 'rejected' },
  { 401: 'rejected' },
  { 403: 'rejected' },
  { 404: 'rejected' },
  { 418: 'rejected' },
  { 429: 'rejected' },
  { 500: 'rejected' },
  { 504: 'rejected' },
  { 400: 'refused_before' },
  { 404: 'deferred' },
  { 500: 'deferred' },
  { 502: 'refused_before' },
  { 599: 'deferred' },
  { invalid_request: 'rejected' },
  { invalid_scope: 'rejected' },
  { invalid_target: 'rejected' },
  { unauthorized_client: 'rejected' },
  { unsupported_grant_type: 'rejected' },
  { '400 invalid_scope': 'rejected' },
  { '401 invalid_client': 'rejected' },
  { '403 invalid_request': 'rejected' },
  { invalid_request: 'refused_before' },
  { invalid_scope: 'deferred' },
  { invalid_grant: 'refused_before' },
  { invalid_grant: 'deferred' },
  { '400 invalid_grant': 'deferred' },
]

/** Providers with one wrong word each. */
export const WRONG_WORDS: readonly Broken[] = WRONG.map((failures) => ({
  name: `says ${JSON.stringify(failures)}`,
  breaks: 'failures',
  server: 'oidc-provider',
  provider: providerThat({ failures: failures! }),
}))

/** The one whose name holds this text. */
export function brokenThat(text: string): Broken {
  const [found, ...others] = BROKEN.filter(({ name }) => name.includes(text))
  if (found === undefined || others.length > 0) throw new Error(`not one provider that ${text}`)
  return found
}
