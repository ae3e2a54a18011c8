import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/core/clock.ts'
import type { Around, Fault, Wait } from './gateway.ts'
import { INTERACTION_PATH, RESOURCE_SCOPE, configurationOf, type Rotates } from './configuration.ts'
import { tokenGateway } from './gateway.ts'
import type { Journal } from './journal.ts'
import { makeProvider, type Provider } from './provider.ts'
import type { Rows } from './rows.ts'

export interface ServeOptions {
  readonly accessTokenMs?: number
  readonly refreshTokenMs?: number
  readonly rotates?: Rotates
  readonly revokeGrantPolicy?: () => boolean
  readonly redirectUris?: readonly string[]
  readonly resources?: readonly string[]
  readonly dpopNonces?: boolean
  readonly latency?: { readonly before?: Wait; readonly after?: Wait }
  readonly path?: string
  readonly around?: Around
  readonly clock: Clock
  readonly book: Journal
  readonly stored: Rows
  take(): Fault | undefined
}

export interface Serving {
  readonly issuer: string
  readonly redirectUri: string
  stop(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Starts oidc-provider, and before it the server that everyone talks to. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { clock, book, latency = {}, path: prefix = '', around = {}, take } = options
  const front = createServer()
  const back = createServer()
  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await Promise.all([close(front), close(back)])
  }

  try {
    const [origin, upstream] = await Promise.all([listen(front), listen(back)])
    const issuer = `${origin}${prefix}`
    const redirectUris = options.redirectUris ?? [`${origin}/callback`]
    const provider = await makeProvider(issuer, configuration(options, redirectUris))
    noteReuse(provider, book)
    const answer = provider.callback()
    const consent = consentingUser(provider)
    const { signal } = stopping
    const token = tokenGateway({
      upstream,
      clock,
      journal: book,
      latency,
      around,
      takeFault: take,
      signal,
    })
    back.on('request', run(answer))
    front.on(
      'request',
      run((request, response) => {
        const path = request.url ?? '/'
        if (path === `${prefix}/token` && request.method === 'POST') return token(request, response)
        if (path.startsWith(INTERACTION_PATH)) return consent(request, response)
        // Metadata lies below the issuer (OIDC Discovery §4); oidc-provider has it at the root.
        if (path.startsWith(`${prefix}/.well-known/`)) request.url = path.slice(prefix.length)
        return answer(request, response)
      }),
    )
    return { issuer, redirectUri: redirectUris[0] ?? '', stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configuration(options: ServeOptions, redirectUris: readonly string[]): object {
  return configurationOf({
    accessTokenMs: options.accessTokenMs ?? 60_000,
    refreshTokenMs: options.refreshTokenMs ?? 24 * 60 * 60 * 1000,
    rotates: options.rotates ?? true,
    revokeGrantPolicy: options.revokeGrantPolicy,
    path: options.path ?? '',
    redirectUris,
    resources: options.resources ?? [],
    dpopNonces: options.dpopNonces ?? false,
    adapter: options.stored.adapter,
  })
}

function noteReuse(provider: Provider, book: Journal): void {
  provider.on('grant.error', ({ oidc }, { error_detail: detail }) => {
    const grantId = oidc.entities.RefreshToken?.grantId
    if (detail !== 'refresh token already used' || grantId === undefined) return
    book.write({ kind: 'reused', grant: book.numberOf(grantId) })
  })
  provider.on('grant.revoked', (_, grantId) => {
    book.write({ kind: 'ended', grant: book.numberOf(grantId) })
  })
}

/** A handler as a listener: what it throws is answered, so that a test sees it. */
function run(handler: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    handler(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return response.destroy()
      return response.writeHead(500).end(`the local server failed: ${String(error)}`)
    })
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/**
 * Signs in whoever comes, as the user named by `login_hint` or else a new one, and consents to all
 * that the client asks for. Works for a test's own browser too.
 */
function consentingUser(
  provider: Provider,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let users = 0
  return async (request, response) => {
    const { params } = await provider.interactionDetails(request, response)
    const accountId = params.login_hint ?? `user-${(users += 1)}`
    const grant = new provider.Grant({ accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope ?? 'openid')
    for (const resource of [params.resource ?? []].flat()) {
      grant.addResourceScope(resource, RESOURCE_SCOPE)
    }
    const result = { login: { accountId }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    })
  }
}
