import {
  boolean,
  checkOptions,
  each,
  func,
  isAbove0,
  kind,
  msAbove0,
  needed,
  number,
  oneOf,
  or,
  text,
} from './check-options.ts'
import type { TableOf } from './check-options.ts'
import { FAILURES } from './failure.ts'
import type { Provider } from './provider.ts'
import { isRecord } from './text.ts'

const ID = /^[a-z0-9-]+$/

const URL_KIND = text("a whole URL: 'https://…'")

const WINDOW = needed(
  number("milliseconds above 0, or reuse: 'refused' or 'revokes' without a window", isAbove0),
)

/** The parameters of RFC 6749 §6 and §2.3.1, which have these names in `names`. */
const PARAMETERS = ['grant_type', 'refresh_token', 'access_token', 'client_id', 'client_secret']

/** What each word of a description may be. */
export const WORDS: TableOf<Provider> = {
  id: kind("lower-case letters, digits and '-'", (value) => {
    return typeof value === 'string' && ID.test(value)
  }),
  // RFC 8414 §2: "a URL that uses the "https" scheme and has no query or fragment components".
  issuer: text('a whole URL with no query and no fragment', (value) => {
    const isMetadata = value.includes('/.well-known/')
    return isMetadata
      ? "is the address of the metadata: write the 'issuer' that stands in it"
      : !/[?#]/.test(value)
  }),
  discovery: oneOf('oidc', 'oauth2'),
  tokenEndpoint: URL_KIND,
  revocationEndpoint: or(URL_KIND, 'null', (value) => value === null),
  introspectionEndpoint: or(URL_KIND, 'null', (value) => value === null),
  settlesWithinMs: msAbove0,
  clientAuthentication: or(
    oneOf('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'),
    'a function',
    (value) => typeof value === 'function',
  ),
  insecure: boolean,
  allowedHosts: kind('a list of hosts', Array.isArray),
  rotation: oneOf('always', 'sometimes', 'never'),
  reuse: or(
    oneOf('accepted', 'until_successor_used', 'refused', 'revokes'),
    '{ acceptedForMs }',
    (value) => isRecord(value) && { acceptedForMs: WINDOW },
  ),
  silentSignIn: boolean,
  missingRefreshToken: text(),
  oldAccessToken: oneOf('lives', 'dies'),
  tokens: oneOf('unguessable', 'guessable'),
  request: {
    method: oneOf('POST', 'GET'),
    format: oneOf('form', 'json', 'query', 'cookie', 'bearer'),
    bearer: oneOf('access_token'),
    names: each(
      kind('a text, or null to omit it', (value, name) => {
        const known = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
        if (known !== name && PARAMETERS.includes(known)) return `is no parameter: write ${known}`
        return value === null || (typeof value === 'string' && value !== '')
      }),
    ),
    parameters: each(
      needed(
        kind('a text, or leave it out', (value, name) => {
          const isToken = name === 'refresh_token' || name === 'access_token'
          return isToken ? 'is no constant: leave it out' : typeof value === 'string'
        }),
      ),
    ),
    headers: each(
      needed(kind('a text that a header can hold', (value, name) => isHeader(name, value))),
    ),
    audience: { resource: text(), organization: text() },
  } satisfies TableOf<Provider['request']>,
  response: {
    accessLifetimeMs: msAbove0,
    refreshLifetimeMs: msAbove0,
    refreshIdleMs: msAbove0,
    validate: func,
    read: func,
    members: each(kind('a place, or a list of places', isPlace)),
    codes: each(text()),
  } satisfies TableOf<Provider['response']>,
  // Looked up each time: a test adds a class of failures.
  get failures() {
    return each(oneOf(...Object.keys(FAILURES)))
  },
  retired: kind('a list of { address, from, use }', Array.isArray),
  verifiedAt: kind("a day: '2026-11-30'", (value) => typeof value === 'string'),
  // What `credentials` adds.
  signIn: func,
  answer: kind('an object of places', isRecord),
  replay: "reuse: { acceptedForMs } for { withinMs }, 'accepted' for 'always', nothing for 'never'",
  clientId: 'createRefresher({ client: { id } })',
  clientSecret: 'createRefresher({ client: { id, secret } })',
}

function isPlace(value: unknown): boolean {
  return [value].flat().every((place) => typeof place === 'string' && place !== '')
}

/** Whether a request can hold a header. */
function isHeader(name: string, value: unknown): boolean {
  try {
    return typeof value === 'string' && new Headers([[name, value]]).has(name)
  } catch {
    return false
  }
}

/**
 * Checks the words of a description, or of overrides.
 *
 * @param of The description, whose `id` begins the message.
 * @throws {TypeError} Says what to write instead.
 */
export function checkWords(of: unknown, given: unknown): void {
  const id: unknown = isRecord(of) ? of['id'] : undefined
  checkOptions(typeof id === 'string' && ID.test(id) ? id : 'provider', given, WORDS)
}
