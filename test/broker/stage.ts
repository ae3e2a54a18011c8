import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { startBroker, type Broker, type BrokerOptions } from '../../src/broker/broker.ts'
import { fileStore } from '../../src/stores/file.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type {
  AuthorizationServer,
  AuthorizationServerOptions,
  ServerDescription,
} from '../../src/testing/authorization-server.ts'

/** Every reuse ends the grant. */
export const STRICT: ServerDescription = {
  name: 'strict',
  rotation: 'always',
  reuseWindow: 'none',
  reuseEffect: 'grant',
  oldAccessToken: 'lives',
  accessTokenMs: 3_600_000,
  pace: { headersMs: 0, bodyMs: 0 },
  wire: { tokenType: 'Bearer', expiresIn: 'number' },
}

export const SECRET = 'a secret of the tests, long enough: 0123456789'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
  readonly text: string
}

/** Asks a broker, on its socket or its port. */
export type Ask = (
  what: string,
  options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Answered>

/** @param what Method and path: `GET /v1/grants`. */
export function asking(address: string, headers: Readonly<Record<string, string>> = {}): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  onTestFinished(() => agent.destroy())
  const where = address.startsWith('unix:')
    ? { socketPath: address.slice(5) }
    : { host: '127.0.0.1', port: new URL(address).port }
  return (what, options = {}) => {
    const [method = 'GET', path = '/'] = what.split(' ')
    const { body } = options
    return new Promise((resolve, reject) => {
      const sent = request(
        { ...where, agent, method, path, headers: { ...headers, ...options.headers } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const isJson = text.startsWith('{')
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
              text,
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** A folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'broker-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface Staged {
  readonly server: AuthorizationServer
  readonly broker: Broker
  readonly ask: Ask
  readonly options: BrokerOptions
}

/** A broker on a socket, before a described server. */
export async function staged(
  change: Partial<BrokerOptions> = {},
  description: Partial<ServerDescription> = {},
  serverOptions: AuthorizationServerOptions = {},
): Promise<Staged> {
  const server = await authorizationServer({ ...STRICT, ...description }, serverOptions)
  onTestFinished(() => server.stop())
  const home = folder()
  const options: BrokerOptions = {
    providers: {
      crm: { provider: oidc({ issuer: server.issuer }), client: { id: 'client' } },
    },
    store: fileStore(join(home, 'ledger')),
    secret: SECRET,
    listen: { socket: join(home, 'broker.sock') },
    keepAliveEveryMs: 0,
    ...change,
  }
  const broker = await startBroker(options)
  onTestFinished(() => broker.drain())
  return { server, broker, options, ask: asking(broker.address) }
}

/** Tokens of a sign-in that have expired already. */
export function expired(server: AuthorizationServer, nowMs = Date.parse('2020-01-01')) {
  const { accessToken, refreshToken } = server.signIn()
  return { accessToken, refreshToken, expiresAtMs: nowMs, obtainedAtMs: nowMs - 1 }
}
