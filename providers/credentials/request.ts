import type { Provider } from '../../src/core/provider.ts'

/**
 * How the refresh token travels to a backend: as a member of a JSON body, a field of a form, a
 * cookie, or `Authorization: Bearer …`.
 */
export type Carry = (
  | { readonly json: string }
  | { readonly form: string }
  | { readonly cookie: string }
  | { readonly bearer: true }
) & {
  /**
   * The old access token, for backends that want it too: beside the refresh token, under this name,
   * or in the `Authorization` header. Default: not sent.
   */
  readonly accessToken?: string | { readonly bearer: true }
}

/** A request, as who describes a backend writes it. */
export interface CarriedRequest {
  /** Default `POST`. `GET` with a cookie or a bearer token only. */
  readonly method?: 'POST' | 'GET' | undefined
  readonly carry: Carry
  /** What else the body holds, the same each time. */
  readonly body?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The name of a cookie (RFC 6265 §4.1.1): a token of RFC 9110 §5.6.2. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/

const FORMATS = ['json', 'form', 'cookie', 'bearer'] as const

type Format = (typeof FORMATS)[number]

/**
 * The description of a request that holds nothing of RFC 6749 §6 but the refresh token.
 *
 * @throws {TypeError} For a request that could not be sent as described; prints no value of it.
 */
export function requestOf(
  id: string,
  { method = 'POST', carry, body = {}, headers = {} }: CarriedRequest,
): Partial<Provider['request']> {
  const format = formatOf(id, carry)
  const { accessToken } = carry
  const isBorne = typeof accessToken === 'object'
  if (format === 'cookie' && Object.keys(body).length > 0) {
    throw new TypeError(`${id}: a request that carries a cookie has no body: write headers`)
  }
  checkHeaders(id, headers, [HEADERS[format], isBorne ? 'authorization' : undefined])
  return {
    method,
    format,
    headers,
    // Under names of their own, so that no member of the body can stand for a token's.
    parameters: mapped(body, (name, value) => [`body ${name}`, value]),
    names: {
      ...mapped(body, (name) => [`body ${name}`, name]),
      grant_type: null,
      client_id: null,
      ...(format !== 'bearer' && { refresh_token: nameIn(carry, format) as string }),
      ...(typeof accessToken === 'string' && { access_token: accessToken }),
    },
    ...(isBorne && { bearer: 'access_token' }),
  }
}

/** The one way that the refresh token travels. */
function formatOf(id: string, carry: Carry): Format {
  const ways = FORMATS.filter((format) => Object.hasOwn(carry ?? {}, format))
  const [format] = ways
  if (format === undefined || ways.length > 1) {
    throw new TypeError(`${id}: carry is one of { json }, { form }, { cookie }, { bearer: true }`)
  }
  const name = nameIn(carry, format)
  if (format === 'bearer' ? name !== true : !isName(name, format)) {
    throw new TypeError(`${id}: carry.${format} must be ${EXPECTED[format]}`)
  }
  const { accessToken } = carry
  const isBorne = typeof accessToken === 'object'
  if (isBorne ? format === 'bearer' : accessToken !== undefined && !isName(accessToken, format)) {
    throw new TypeError(`${id}: carry.accessToken must be a name, or { bearer: true } beside one`)
  }
  return format
}

const EXPECTED: Readonly<Record<Format, string>> = {
  json: 'the name of a member',
  form: 'the name of a field',
  cookie: 'the name of a cookie: letters, digits and a few signs',
  bearer: 'true',
}

/** Which header the refresh token takes. */
const HEADERS: Readonly<Record<Format, string | undefined>> = {
  json: undefined,
  form: undefined,
  cookie: 'cookie',
  bearer: 'authorization',
}

function nameIn(carry: Carry, format: Format): unknown {
  return (carry as Readonly<Record<string, unknown>>)[format]
}

function isName(value: unknown, format: Format): boolean {
  if (typeof value !== 'string' || value === '') return false
  return format !== 'cookie' || COOKIE_NAME.test(value)
}

/** @param taken Headers that carry tokens: one of the user's would be lost. */
function checkHeaders(
  id: string,
  headers: Readonly<Record<string, string>>,
  taken: readonly (string | undefined)[],
): void {
  for (const [name, value] of Object.entries(headers)) {
    if (isHeader(name, value) && !taken.includes(name.toLowerCase())) continue
    throw new TypeError(`${id}: no request can hold headers[${JSON.stringify(name)}] as it is`)
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name)
  } catch {
    return false
  }
}

function mapped(
  values: Readonly<Record<string, string>>,
  entry: (name: string, value: string) => [string, string],
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => entry(name, value)))
}
