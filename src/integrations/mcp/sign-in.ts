import type { Clock } from '../../core/clock.ts'
import { within } from '../../core/clock.ts'
import { RefreshError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { isRecord, toBase64url } from '../../core/text.ts'
import { tokenSetFromResponse } from '../../index.ts'
import type { CredentialsFile } from '../../credentials/credentials-file.ts'
import { listen } from './loopback.ts'
import type { Loopback } from './loopback.ts'
import { detailsIn } from './types.ts'
import type {
  McpAuth,
  McpAuthorizationServer,
  McpClientInformation,
  McpClientMetadata,
  McpClientProvider,
  McpCurrent,
  McpDetails,
  McpDiscovery,
  McpFetch,
  McpTokens,
} from './types.ts'

export interface SignInParts {
  readonly file: CredentialsFile
  /** The key of the server in the file. */
  readonly server: string
  readonly serverUrl: URL
  readonly auth: McpAuth
  readonly clients: readonly McpClientInformation[]
  readonly clientMetadata: Partial<McpClientMetadata>
  readonly clientMetadataUrl?: string | undefined
  readonly open: (url: URL) => unknown
  readonly port: number
  readonly signInMs: number
  readonly fetch: McpFetch
  readonly clock: Clock
  readonly random: Random
}

export interface Challenge {
  readonly scope?: string | undefined
  readonly resourceMetadataUrl?: URL | undefined
}

/** Whether two texts name one issuer: the SDKs do not agree about the slash at its end. */
export const isSameIssuer = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && one.replace(/\/$/, '') === other?.replace(/\/$/, '')

/**
 * Signs the user in, with the SDK's own discovery, registration and PKCE, and a redirect to this
 * machine. What comes is in the file when it resolves: the tokens first, then the word that they
 * count, so that no refresh token is ever sent to an issuer that did not grant it.
 */
export async function signIn(parts: SignInParts, challenge: Challenge): Promise<void> {
  const { file, server, auth, serverUrl, clock } = parts
  const details = detailsIn(await file.details(server))
  await using loopback = await listening(parts, details)
  const flow = flowOf(parts, details, loopback.redirectUrl, challenge.scope)
  const options = {
    serverUrl,
    fetchFn: parts.fetch,
    ...(challenge.scope !== undefined && { scope: challenge.scope }),
    ...(challenge.resourceMetadataUrl && { resourceMetadataUrl: challenge.resourceMetadataUrl }),
  }

  await auth(flow.provider, options)
  const { authorizationUrl, state } = flow.begun()
  const redirected = loopback.redirected(state)
  // It is awaited below, if the browser can be opened at all.
  redirected.catch(() => {})
  await parts.open(authorizationUrl)
  const { code, iss } = await within(
    clock,
    parts.signInMs,
    () => redirected,
    () => {
      throw new RefreshError('sign_in_failed', { hint: 'Nothing came back in time: try again.' })
    },
  )
  await auth(flow.provider, {
    ...options,
    authorizationCode: code,
    callbackState: state,
    ...(iss !== undefined && { iss }),
  })

  const { tokens, client, found } = flow.ended()
  const next = currentOf(server, client, found, authorizationUrl, tokens)
  await file.put(next.key, tokenSetFromResponse(tokens, { nowMs: clock.now() }))
  await file.putDetails(server, (now) => ({ ...now, current: next }))
  const before = details.current?.key
  if (before !== undefined && before !== next.key) await file.remove(before)
}

/** Listens at the port that the client is registered with, if it is free. */
async function listening(
  { port, server, serverUrl }: SignInParts,
  { clients = {}, current }: McpDetails,
): Promise<Loopback> {
  const known = current === undefined ? Object.values(clients).at(-1) : clients[current.issuer]
  const uri = known?.redirect_uris?.find((each) => URL.canParse(each))
  const wanted = port || Number(uri === undefined ? 0 : new URL(uri).port)
  const loopback = (await listen(wanted)) ?? (port === 0 ? await listen(0) : undefined)
  if (loopback !== undefined) return loopback
  const hint = `Port ${wanted} of 127.0.0.1 is in use: end what listens there, or give another.`
  throw new RefreshError('misconfigured', { hint, origin: serverUrl.origin, field: server })
}

/** The provider that the SDK signs in with, and what it made of it. */
function flowOf(
  parts: SignInParts,
  details: McpDetails,
  redirectUrl: string,
  wanted: string | undefined,
) {
  const { file, server, random, clientMetadataUrl } = parts
  const registered: Record<string, McpClientInformation> = { ...details.clients }
  let client: McpClientInformation | undefined
  let discovery: McpDiscovery | undefined
  let authorizationUrl: URL | undefined
  let verifier = ''
  let tokens: McpTokens | undefined
  let clientIssuer: string | undefined
  let authorizationServer: McpAuthorizationServer | undefined
  const state = toBase64url(random.bytes(24))
  const knownIssuer = (): string | undefined =>
    client?.issuer ?? clientIssuer ?? details.current?.issuer ?? parts.clients[0]?.issuer

  const provider: McpClientProvider = {
    redirectUrl,
    clientMetadata: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...parts.clientMetadata,
      redirect_uris: [redirectUrl],
    },
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    state: () => state,
    saveState() {},
    storedState: () => state,
    async clientInformation(context) {
      const issuers = [
        context?.issuer,
        discovery?.authorizationServerUrl,
        issuerIn(discovery?.authorizationServerMetadata),
      ].filter((issuer) => issuer !== undefined)
      // `@ai-sdk/mcp` asks before it knows the issuer, and compares by itself.
      if (issuers.length === 0) issuers.push(knownIssuer() ?? '')
      const isOne = (issuer: string | undefined): boolean =>
        issuers.some((each) => isSameIssuer(issuer, each))
      // Registered with another port, or for less, a client would be refused.
      const [, kept] =
        Object.entries(registered).find(
          ([issuer, { redirect_uris: uris = [redirectUrl], scope }]) =>
            isOne(issuer) && uris.includes(redirectUrl) && covers(scope, wanted),
        ) ?? []
      return (client = parts.clients.find(({ issuer }) => isOne(issuer)) ?? kept)
    },
    async saveClientInformation(information) {
      const issuer =
        information.issuer ??
        information.authorizationServerUrl ??
        discovery?.authorizationServerUrl ??
        parts.serverUrl.origin
      client = information
      clientIssuer = issuer
      registered[issuer] = information
      await file.putDetails(server, (now) => ({
        ...now,
        clients: { ...detailsIn(now).clients, [issuer]: information },
      }))
    },
    authorizationServerInformation: () => authorizationServer,
    saveAuthorizationServerInformation(given) {
      authorizationServer = given
    },
    // None: the SDK would present the refresh token by itself.
    tokens: async () => undefined,
    saveTokens: (given) => void (tokens = given),
    redirectToAuthorization: async (url) => void (authorizationUrl = url),
    saveCodeVerifier: (given) => void (verifier = given),
    codeVerifier: () => verifier,
    saveDiscoveryState: (given) => void (discovery = given),
    discoveryState: async () => discovery,
    async invalidateCredentials(scope) {
      const issuer = knownIssuer()
      if ((scope !== 'client' && scope !== 'all') || issuer === undefined) return
      delete registered[issuer]
      client = undefined
      await file.putDetails(server, (now) => {
        const { [issuer]: _, ...clients } = detailsIn(now).clients ?? {}
        return { ...now, clients }
      })
    },
  }

  return {
    provider,
    begun() {
      if (authorizationUrl !== undefined) return { authorizationUrl, state }
      throw new RefreshError('sign_in_failed', { hint: 'The SDK began no authorization.' })
    },
    ended() {
      const found = foundOf(discovery, authorizationServer)
      if (tokens !== undefined && client !== undefined) return { tokens, client, found }
      throw new RefreshError('sign_in_failed', { hint: 'The SDK got no tokens.' })
    },
  }
}

/** Whether a client that is registered for a scope may ask for what is wanted. */
function covers(registered: string | undefined, wanted: string | undefined): boolean {
  const scopes = registered?.split(' ')
  return scopes === undefined || (wanted?.split(' ') ?? []).every((each) => scopes.includes(each))
}

/** What was found of an authorization server. `@ai-sdk/mcp` tells less of it. */
function foundOf(discovery: McpDiscovery | undefined, other: McpAuthorizationServer | undefined) {
  const metadata: unknown =
    discovery === undefined
      ? { token_endpoint: other?.tokenEndpoint }
      : discovery.authorizationServerMetadata
  return {
    authorizationServer: (discovery ?? other)?.authorizationServerUrl,
    metadata: isRecord(metadata) ? metadata : {},
  }
}

function currentOf(
  server: string,
  client: McpClientInformation,
  found: ReturnType<typeof foundOf>,
  authorizationUrl: URL,
  tokens: McpTokens,
): McpCurrent {
  const { metadata } = found
  const authorizationServer = found.authorizationServer ?? client.issuer ?? authorizationUrl.origin
  const issuer = client.issuer ?? issuerIn(metadata) ?? authorizationServer
  const revocationEndpoint = textIn(metadata, 'revocation_endpoint')
  const scope = tokens.scope ?? authorizationUrl.searchParams.get('scope') ?? undefined
  const resource = authorizationUrl.searchParams.get('resource') ?? undefined
  const { client_id: id, client_secret: secret } = client
  return {
    key: `${server} ${issuer} ${id}`,
    issuer,
    tokenEndpoint:
      textIn(metadata, 'token_endpoint') ?? new URL('/token', authorizationServer).href,
    ...(revocationEndpoint !== undefined && { revocationEndpoint }),
    clientAuthentication: authenticationOf(client, metadata),
    client: { id, ...(secret !== undefined && { secret }) },
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
  }
}

function authenticationOf(
  { client_secret: secret, token_endpoint_auth_method: method }: McpClientInformation,
  metadata: Readonly<Record<string, unknown>>,
): McpCurrent['clientAuthentication'] {
  if (secret === undefined) return 'none'
  if (method === 'client_secret_basic' || method === 'client_secret_post') return method
  const supported: unknown = metadata['token_endpoint_auth_methods_supported']
  const isPostOnly =
    Array.isArray(supported) &&
    supported.includes('client_secret_post') &&
    !supported.includes('client_secret_basic')
  return isPostOnly ? 'client_secret_post' : 'client_secret_basic'
}

const issuerIn = (metadata: unknown): string | undefined =>
  isRecord(metadata) ? textIn(metadata, 'issuer') : undefined

function textIn(from: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = from[name]
  return typeof value === 'string' ? value : undefined
}
