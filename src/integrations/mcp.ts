import { systemClock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { put } from '../credentials/codec.ts'
import { credentialsFile } from '../credentials/credentials-file.ts'
import type { CredentialsFile, CredentialSource } from '../credentials/credentials-file.ts'
import { defineProvider } from '../index.ts'
import type { Outcome, RefreshOptions, RevokeOutcome, TokenSet } from '../index.ts'
import { ownSocket } from '../transport/own-socket.ts'
import { clientProviderOf } from './mcp/client-provider.ts'
import { checkSession } from './mcp/options.ts'
import type { McpSessionOptions } from './mcp/options.ts'
import { isSameIssuer, signIn as signInNow } from './mcp/sign-in.ts'
import type { Challenge } from './mcp/sign-in.ts'
import { signInOnce } from './mcp/turns.ts'
import { detailsIn } from './mcp/types.ts'
import type {
  McpAuth,
  McpClientInformation,
  McpClientMetadata,
  McpClientProvider,
  McpCurrent,
  McpFetch,
} from './mcp/types.ts'

export type { McpAuth, McpClientInformation, McpClientMetadata, McpClientProvider, McpFetch }
export type { McpSessionOptions }

/** The sign-in to one MCP server, which all processes of a user share. */
export interface McpSession {
  /** A usable access token; `undefined`, if the user must sign in. With it, an `AuthProvider`. */
  token(): Promise<string | undefined>
  /** Renews what the server refused, or signs in. With it, an `AuthProvider` of client 2.x. */
  onUnauthorized(context: { readonly response: Response }): Promise<void>
  /**
   * `OAuthClientProvider` of SDK 1.x and `@ai-sdk/mcp`. It shows the SDK no refresh token. Give the
   * transport `fetch` too, or the call in which a sign-in was needed has to be made again.
   */
  readonly clientProvider: McpClientProvider
  /**
   * Sends a request to the server with a usable token. After a 401 it renews or signs in, after
   * `insufficient_scope` it asks the user for more, and sends it once more. Requests to other
   * addresses pass as they are.
   */
  readonly fetch: McpFetch
  /** Signs in, if no other process is about to. @param scope What to ask for. */
  signIn(options?: { readonly scope?: string }): Promise<void>
  /** Revokes the grant, and takes it out of the file. The registered client stays. */
  signOut(): Promise<RevokeOutcome | undefined>
  /** For the end of the program. */
  drain(): Promise<void>
  readonly file: CredentialsFile
}

const SIGN_IN_MS = 300_000

/**
 * Keeps the sign-in to an MCP server for many processes of one user: each refresh token is
 * presented once, one process signs in while the others wait, and no SDK refreshes by itself.
 *
 * @throws {TypeError} For options that cannot work, saying what to write instead.
 */
export function mcpSession(options: McpSessionOptions): McpSession {
  checkSession(options)
  const { app, auth, clients = [], clock = systemClock, random = systemRandom } = options
  const file = options.file ?? credentialsFile({ app: app! })
  const send: McpFetch = options.fetch ?? ((url, init = {}) => ownSocket(clock)(String(url), init))
  const serverUrl = new URL(options.serverUrl)
  serverUrl.hash = ''
  const server = serverUrl.href
  const signInMs = options.signInMs ?? SIGN_IN_MS
  const sources = new Map<string, CredentialSource>()
  /** The token that the server was shown last. */
  let shown: string | undefined
  let isFetchUsed = false

  const current = async (): Promise<McpCurrent | undefined> =>
    detailsIn(await file.details(server)).current

  /** Of one issuer and one client: their tokens are sent nowhere else. */
  function sourceOf(grant: McpCurrent): CredentialSource {
    const name = JSON.stringify(grant)
    const known = sources.get(name)
    if (known !== undefined) return known
    const { issuer, tokenEndpoint, revocationEndpoint, clientAuthentication, resource } = grant
    const source = file.source({
      provider: defineProvider(
        {
          id: 'mcp',
          issuer,
          tokenEndpoint,
          revocationEndpoint: revocationEndpoint ?? null,
          clientAuthentication,
          request: { parameters: resource === undefined ? {} : { resource } },
        },
        options.provider,
      ),
      client: grant.client,
      clock,
      random,
      ...(options.fetch && { fetch: send }),
      ...(options.timeouts && { timeouts: options.timeouts }),
      ...(options.onEvent && { onEvent: options.onEvent }),
    })
    sources.set(name, source)
    return source
  }

  async function get(asked?: RefreshOptions): Promise<Outcome | undefined> {
    const grant = await current()
    return grant && sourceOf(grant).get(grant.key, asked)
  }

  async function token(): Promise<string | undefined> {
    const outcome = await get()
    // A network that is away is no reason to show the user a page.
    if (outcome?.error && !outcome.usable && !outcome.needsSignIn) throw outcome.error
    return (shown = outcome?.accessToken)
  }

  /** @param isMissing Whether the tokens of the file will not do. */
  async function signIn(
    challenge: Challenge,
    isMissing: (tokens: TokenSet | undefined) => boolean,
  ): Promise<void> {
    const { open } = options
    const isDone = async (): Promise<boolean> => {
      const grant = await current()
      return !isMissing(grant && (await file.load(grant.key)))
    }
    if (open === undefined) {
      if (await isDone()) return
      throw new RefreshError('no_tokens', { hint: 'Sign in, by a process that was given open.' })
    }
    await signInOnce({ store: file.store, name: server, clock, random, signInMs }, isDone, () =>
      signInNow(
        {
          file,
          server,
          serverUrl,
          auth,
          clients,
          clientMetadata: options.clientMetadata ?? {},
          clientMetadataUrl: options.clientMetadataUrl,
          open,
          port: options.port ?? 0,
          signInMs,
          fetch: send,
          clock,
          random,
        },
        challenge,
      ),
    )
  }

  /** Makes the next {@link token} another one than the server has refused. */
  async function recover(refused: string | undefined, challenge: Challenge): Promise<void> {
    const grant = await current()
    const outcome = await get(refused === undefined ? undefined : { refused })
    if (outcome?.usable && outcome.accessToken !== refused) return
    // It is seconds old: the request that failed was sent before it came, or it will fail again.
    if (outcome?.error?.code === 'unusable') return
    if (outcome?.error && !outcome.needsSignIn) throw outcome.error
    const spent = grant && (await file.load(grant.key))
    await signIn(challenge, (now) => now === undefined || now.accessToken === spent?.accessToken)
  }

  /** Asks the user for what a call needs beyond what was granted. */
  async function stepUp(refused: string | undefined, { scope, ...rest }: Challenge): Promise<void> {
    const granted = (await current())?.scope
    const wanted = new Set([granted, scope].flatMap((each) => each?.split(' ') ?? []))
    await signIn(
      { ...rest, scope: [...wanted].filter(Boolean).join(' ') },
      (now) => now === undefined || now.accessToken === refused,
    )
  }

  const authorized: McpFetch = async (url, init = {}) => {
    if (!isForServer(url, init)) return send(url, init)
    isFetchUsed = true
    const before = await token()
    const response = await send(url, withToken(init, before))
    const canRepeat = init.body == null || typeof init.body === 'string'
    const challenge = challengeOf(response)
    const isScope = response.status === 403 && challenge.error === 'insufficient_scope'
    if (!canRepeat || (response.status !== 401 && !isScope)) return response
    await response.body?.cancel()
    await (isScope ? stepUp(before, challenge) : recover(before, challenge))
    return send(url, withToken(init, await token()))
  }

  function isForServer(url: string | URL, { headers }: RequestInit): boolean {
    const to = new URL(url)
    if (to.origin !== serverUrl.origin) return false
    if (to.pathname === serverUrl.pathname) return true
    // The endpoint that a server of the older transport names itself.
    return shown !== undefined && new Headers(headers).get('authorization') === `Bearer ${shown}`
  }

  const session: McpSession = {
    token,
    async onUnauthorized({ response }) {
      if (isFetchUsed) throw refusedAnew()
      await recover(shown, challengeOf(response))
    },
    clientProvider: clientProviderOf({
      token,
      current,
      clientOf: async (issuer) => {
        const { clients: kept = {}, current: grant } = detailsIn(await file.details(server))
        const isOne = (each: string | undefined): boolean =>
          isSameIssuer(each, issuer ?? grant?.issuer)
        const [, registered] = Object.entries(kept).find(([each]) => isOne(each)) ?? []
        return clients.find((each) => isOne(each.issuer)) ?? registered
      },
      async recover() {
        if (isFetchUsed) throw refusedAnew()
        await recover(shown, {})
      },
    }),
    fetch: authorized,
    async signIn({ scope } = {}) {
      const grant = await current()
      const before = grant && (await file.load(grant.key))
      await signIn({ scope }, (now) => now?.accessToken === before?.accessToken)
    },
    async signOut() {
      const grant = await current()
      if (grant === undefined) return undefined
      const revoked = await sourceOf(grant).signOut(grant.key)
      await file.putDetails(server, (now) => put(now, ['current'], undefined))
      return revoked
    },
    async drain() {
      await Promise.all(Array.from(sources.values(), (each) => each.drain()))
    },
    file,
  }
  return session
}

const refusedAnew = (): RefreshError =>
  new RefreshError('unusable', { hint: 'The MCP server refuses the token that has just come.' })

function withToken(init: RequestInit, accessToken: string | undefined): RequestInit {
  const headers = new Headers(init.headers)
  if (accessToken !== undefined) headers.set('authorization', `Bearer ${accessToken}`)
  return { ...init, headers }
}

/** What a server says of the token that it wants (RFC 6750 §3, RFC 9728 §5.1). */
function challengeOf({ headers }: Response): Challenge & { readonly error?: string | undefined } {
  const header = headers.get('www-authenticate') ?? ''
  const parameter = (name: string): string | undefined => {
    const [, quoted, bare] =
      new RegExp(`(?:^|[\\s,])${name}=(?:"([^"]*)"|([^\\s,]+))`, 'i').exec(header) ?? []
    return quoted ?? bare
  }
  const metadata = parameter('resource_metadata')
  return {
    error: parameter('error'),
    scope: parameter('scope'),
    ...(metadata !== undefined &&
      URL.canParse(metadata) && { resourceMetadataUrl: new URL(metadata) }),
  }
}
