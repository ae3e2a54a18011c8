import { createHash } from 'node:crypto'
import { systemRandom } from '../../src/core/random.ts'
import { CLIENTS, type ClientId } from './configuration.ts'
import { exchange, jsonOf, postForm, type Answer } from './exchange.ts'

/** A token response (RFC 6749 §5.1), as it came. */
export interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token: string
  /** Seconds. */
  readonly expires_in: number
  readonly id_token: string
  readonly scope: string
  readonly token_type: string
}

export interface SignInOptions {
  /** Default `openid offline_access`. */
  readonly scope?: string
  /** Resource indicators (RFC 8707) to consent to; the server must know them. */
  readonly resource?: readonly string[]
  /** Who signs in. Default: a new user each time. */
  readonly user?: string
}

export interface SignInAt {
  readonly issuer: string
  readonly redirectUri: string
}

/** More than any sign-in takes: authorization, interaction, authorization again, callback. */
const HOPS_MAX = 8

/**
 * Signs a user in: authorization code with PKCE (RFC 7636), over HTTP, with cookies, as a browser
 * and a client would together.
 */
export async function signIn(
  { issuer, redirectUri }: SignInAt,
  clientId: ClientId,
  options: SignInOptions,
): Promise<TokenAnswer> {
  const verifier = randomText()
  const code = await authorize(authorizationUrl(issuer, redirectUri, clientId, verifier, options))
  const answer = await postAs(clientId, `${issuer}/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  })
  if (answer.status !== 200) throw new Error(`sign-in failed: ${answer.body.toString()}`)
  return jsonOf(answer.body) as unknown as TokenAnswer
}

/** Sends a form as one of the clients, authenticated its way (RFC 6749 §2.3.1). */
export function postAs(
  clientId: ClientId,
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Answer> {
  if (clientId === 'public') return postForm(url, { ...parameters, client_id: clientId })
  const { id, secret } = CLIENTS[clientId]
  if (clientId === 'post') {
    return postForm(url, { ...parameters, client_id: id, client_secret: secret })
  }
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return postForm(url, parameters, { authorization })
}

function authorizationUrl(
  issuer: string,
  redirectUri: string,
  clientId: ClientId,
  verifier: string,
  { scope = 'openid offline_access', resource = [], user }: SignInOptions,
): URL {
  const url = new URL(`${issuer}/auth`)
  const parameters: Record<string, string> = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    // OIDC Core §11: without it, offline_access is ignored.
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(user !== undefined && { login_hint: user }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  for (const each of resource) url.searchParams.append('resource', each)
  return url
}

async function authorize(start: URL): Promise<string> {
  return (await browse(start)).searchParams.get('code')!
}

/** Follows the redirects, as a browser with an empty cookie jar, up to the URL with the code. */
export async function browse(start: URL): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = start
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { status, headers, body } = await exchange(url, { headers: { cookie } })
    for (const line of headers['set-cookie'] ?? []) keepCookie(cookies, line)
    if (headers.location === undefined) {
      throw new Error(`sign-in failed: ${status} ${body.toString().slice(0, 500)}`)
    }
    url = new URL(headers.location, url)
    if (url.searchParams.has('code')) return url
    const error = url.searchParams.get('error_description') ?? url.searchParams.get('error')
    if (error !== null) throw new Error(`sign-in failed: ${error}`)
  }
  throw new Error(`sign-in failed: more than ${HOPS_MAX} redirects`)
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (name === undefined) return
  if (value) cookies.set(name, value)
  else cookies.delete(name)
}

function randomText(): string {
  return Buffer.from(systemRandom.bytes(32)).toString('base64url')
}
