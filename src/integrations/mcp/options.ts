import {
  checkOptions,
  clock,
  func,
  having,
  kind,
  msAbove0,
  needed,
  number,
  random,
  text,
} from '../../core/check-options.ts'
import type { TableOf } from '../../core/check-options.ts'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { isRecord } from '../../core/text.ts'
import type { CredentialsFile } from '../../credentials/credentials-file.ts'
import type { OnEvent, Overrides, RefresherOptions } from '../../index.ts'
import type { McpAuth, McpClientInformation, McpClientMetadata, McpFetch } from './types.ts'

export interface McpSessionOptions {
  /** The MCP server, as the transport is given it. */
  readonly serverUrl: string | URL
  /** `auth` of `@modelcontextprotocol/client`, of its SDK 1.x, or of `@ai-sdk/mcp`. */
  readonly auth: McpAuth
  /** Names the program: its credential file lies at the usual place. Or give `file`. */
  readonly app?: string
  readonly file?: CredentialsFile
  /** Shows the page of the sign-in to the user. Left out, this process never signs in. */
  readonly open?: (url: URL) => unknown
  /** What the client says of itself where it is registered dynamically (RFC 7591). */
  readonly clientMetadata?: Partial<McpClientMetadata>
  /** The https URL of a client id metadata document, for servers that know such. */
  readonly clientMetadataUrl?: string
  /** Clients that are registered already, each with the issuer that knows it. */
  readonly clients?: readonly McpClientInformation[]
  /** The port of 127.0.0.1 to come back to. Default: any, and the same again if it is free. */
  readonly port?: number
  /** How long a user may take to sign in, milliseconds. Default 300,000. */
  readonly signInMs?: number
  /** What is known of the authorization server, such as `reuse`: see docs/providers.md. */
  readonly provider?: Overrides
  readonly timeouts?: RefresherOptions['timeouts']
  readonly onEvent?: OnEvent
  /** Sends all requests. Default: the runtime's `fetch`. */
  readonly fetch?: McpFetch
  readonly clock?: Clock
  readonly random?: Random
}

const OPTIONS: TableOf<McpSessionOptions> = {
  serverUrl: needed(
    kind("the URL of the server: 'https://…/mcp'", (value) => {
      return (typeof value === 'string' || value instanceof URL) && /^https?:/.test(String(value))
        ? URL.canParse(String(value))
        : false
    }),
  ),
  auth: needed(func, 'auth, imported from @modelcontextprotocol/client'),
  app: text("the name of a folder: 'my-cli'"),
  file: having("credentialsFile({ app: 'my-cli' })", 'load', 'put', 'putDetails', 'source'),
  open: func,
  clientMetadata: kind("an object: { client_name: 'My agent' }", isRecord),
  clientMetadataUrl: text('an https URL', (url) => /^https:\/\/[^/]+\/./.test(url)),
  clients: kind("a list: [{ client_id, issuer: 'https://…' }]", (value) => {
    const isClient = (each: unknown): boolean =>
      isRecord(each) && typeof each['client_id'] === 'string' && typeof each['issuer'] === 'string'
    return Array.isArray(value) && value.every(isClient)
  }),
  port: number('a port', (port) => Number.isInteger(port) && port >= 0 && port < 65_536),
  signInMs: msAbove0,
  provider: kind('an object of overrides', isRecord),
  timeouts: kind('an object: { waitMs: 5_000 }', isRecord),
  onEvent: func,
  fetch: func,
  clock,
  random,
  url: 'serverUrl',
  client: 'clients: [{ client_id, issuer }]',
  openBrowser: 'open',
}

/** @throws {TypeError} For options that cannot work, saying what to write instead. */
export function checkSession(options: McpSessionOptions): void {
  checkOptions('mcpSession', options, OPTIONS)
  if ((options.app === undefined) === (options.file === undefined)) {
    throw new TypeError("mcpSession: write one of app: 'my-agent' and file: credentialsFile(…)")
  }
}
