import type { IncomingMessage, ServerResponse } from 'node:http'

/** The part of oidc-provider's `Provider` that we use. */
export interface Provider {
  readonly Grant: new (input: { accountId: string; clientId: string }) => Grant
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ readonly params: AuthorizationParameters }>
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: { login: { accountId: string }; consent: { grantId: string } },
    options: { mergeWithLastSubmission: boolean },
  ): Promise<void>
  on(event: 'grant.error', listener: (context: Context, error: GrantError) => void): unknown
  on(event: 'grant.revoked', listener: (context: Context, grantId: string) => void): unknown
  on(event: 'server_error', listener: (context: Context, error: unknown) => void): unknown
}

export interface AuthorizationParameters {
  readonly client_id: string
  readonly scope?: string
  readonly login_hint?: string
  readonly resource?: string | readonly string[]
}

interface Grant {
  addOIDCScope(scope: string): void
  addResourceScope(resource: string, scope: string): void
  save(): Promise<string>
}

interface GrantError {
  /** What is written to no answer: `refresh token already used`, `refresh token not found`, … */
  readonly error_detail?: string
}

export interface Context {
  readonly oidc: {
    readonly entities: { readonly RefreshToken?: { readonly grantId?: string } }
  }
}

/**
 * Makes a `Provider` of the optional peer oidc-provider.
 *
 * Loaded by its file, not its entry: the entry does nothing but export it and print a warning about
 * the version of Node.
 */
export async function makeProvider(issuer: string, configuration: object): Promise<Provider> {
  parseUrls()
  const { Provider } = await load()
  return new Provider(issuer, configuration) as Provider
}

async function load(): Promise<typeof import('oidc-provider/lib/provider.js')> {
  try {
    return await import('oidc-provider/lib/provider.js')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && isNotFound(error.code)
    if (!isMissing) throw error
    throw new Error(
      'refresh-once: the local authorization server needs oidc-provider 9: npm i -D oidc-provider',
      { cause: error },
    )
  }
}

function isNotFound(code: unknown): boolean {
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
}

/** oidc-provider 9 calls `URL.parse` of the URL standard, which Node has from 22.1 on. */
function parseUrls(): void {
  if ('parse' in URL) return
  Object.defineProperty(URL, 'parse', {
    configurable: true,
    writable: true,
    value: (url: string, base?: string): URL | null =>
      URL.canParse(url, base) ? new URL(url, base) : null,
  })
}
