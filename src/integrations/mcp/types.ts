import type { JsonObject } from '../../credentials/credentials-file.ts'

/** A request function with the shape of `fetch`. */
export type McpFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** What an authorization server knows of a client (RFC 7591 §3.2.1), as the SDKs hold it. */
export interface McpClientInformation {
  readonly client_id: string
  readonly client_secret?: string
  readonly client_id_issued_at?: number
  readonly client_secret_expires_at?: number
  readonly token_endpoint_auth_method?: string
  readonly redirect_uris?: string[]
  /** What it may ask for, if the authorization server says so. */
  readonly scope?: string
  /** The authorization server that knows it: ids of clients differ from one to the other. */
  readonly issuer?: string
  /** The same, as `@ai-sdk/mcp` has it. */
  readonly authorizationServerUrl?: string
  readonly tokenEndpoint?: string
}

/** What `@ai-sdk/mcp` keeps of an authorization server. */
export interface McpAuthorizationServer {
  authorizationServerUrl: string
  tokenEndpoint: string
}

/** What a client says of itself when it registers (RFC 7591 §2). */
export interface McpClientMetadata {
  client_name?: string
  client_uri?: string
  logo_uri?: string
  scope?: string
  grant_types?: string[]
  response_types?: string[]
  token_endpoint_auth_method?: string
  redirect_uris: string[]
  software_id?: string
  software_version?: string
}

/** A token response (RFC 6749 §5.1), as the SDKs hand it on. */
export interface McpTokens {
  access_token: string
  token_type: string
  expires_in?: number
  refresh_token?: string
  scope?: string
  id_token?: string
  issuer?: string
}

/** What discovery found (RFC 9728, RFC 8414). The SDKs know more of it than is named here. */
export interface McpDiscovery {
  authorizationServerUrl: string
  resourceMetadataUrl?: string
  // Each SDK has a schema of its own for these two. They are handed back as they came.
  resourceMetadata?: never
  authorizationServerMetadata?: never
}

type Maybe<T> = T | undefined

/** `OAuthClientProvider` of the SDKs, as far as they ask. */
export interface McpClientProvider {
  readonly redirectUrl: string
  readonly clientMetadata: McpClientMetadata
  readonly clientMetadataUrl?: string
  state(): string
  /** Of `@ai-sdk/mcp`. */
  saveState(state: string): void
  storedState(): Maybe<string>
  /** Of `@ai-sdk/mcp`. */
  authorizationServerInformation(): Maybe<McpAuthorizationServer>
  saveAuthorizationServerInformation(found: McpAuthorizationServer): void
  clientInformation(context?: { readonly issuer?: string }): Promise<Maybe<McpClientInformation>>
  saveClientInformation(information: McpClientInformation): Promise<void>
  tokens(): Promise<Maybe<McpTokens>>
  saveTokens(tokens: McpTokens): void
  redirectToAuthorization(url: URL): Promise<void>
  saveCodeVerifier(verifier: string): void
  codeVerifier(): string
  saveDiscoveryState(state: McpDiscovery): void
  discoveryState(): Promise<Maybe<McpDiscovery>>
  invalidateCredentials(
    scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery',
  ): Promise<void>
}

/** `auth` of an SDK: discovery, registration, PKCE, and the exchange of the code. */
export type McpAuth = (
  provider: McpClientProvider,
  options: {
    serverUrl: URL
    authorizationCode?: string
    /** The `iss` of the redirect (RFC 9207). */
    iss?: string
    callbackState?: string
    scope?: string
    resourceMetadataUrl?: URL
    fetchFn?: McpFetch
  },
) => Promise<string>

/** What the credential file keeps of a server, beside the tokens. */
export interface McpDetails {
  /** Clients by the issuer that knows them. */
  readonly clients?: { readonly [issuer: string]: McpClientInformation }
  readonly current?: McpCurrent
}

/** The grant that is in use. */
export interface McpCurrent {
  /** The key of its tokens in the file: it names server, issuer and client. */
  readonly key: string
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint?: string
  readonly clientAuthentication: 'none' | 'client_secret_basic' | 'client_secret_post'
  readonly client: { readonly id: string; readonly secret?: string }
  /** RFC 8707. */
  readonly resource?: string
  readonly scope?: string
}

export const detailsIn = (details: JsonObject): McpDetails => details
