import { streamOf } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import { hostModule } from '../core/host.ts'
import { attempt } from '../core/user-code.ts'
import type { FetchOnce } from './send.ts'
import { runtimeFetch } from './unsent.ts'

/** The requests of which no byte was handed to a connection, by their signals. */
const untouched = new WeakSet<AbortSignal>()

/**
 * Whether it is known that nothing of the request with this signal was sent, now that it has
 * failed. Only {@link ownSocket} knows; of another `fetch` the answer is `false`.
 */
export const isUntouched = (signal: AbortSignal): boolean => untouched.has(signal)

/** Until a connection must stand, with TLS, milliseconds: as long as undici waits. */
const CONNECT_MS = 10_000

/**
 * A `fetch` that opens a connection for each request and shares none.
 *
 * Node's `fetch` takes an idle connection that a request of the application left at the same
 * origin. If the server closes it at that moment, the presentation is lost without proof.
 *
 * The request is given to the connection when that stands, certificate checked. So each failure
 * before that moment, whatever its code, proves that nothing was sent, and none after it does.
 *
 * Where the application has replaced `fetch` (a mock, Next.js) or its dispatcher (a proxy), or
 * where this is not Node, the runtime's `fetch` sends, so that what the application wants holds.
 */
export function ownSocket(clock: Clock): FetchOnce {
  return async (url, init) => {
    const target = new URL(url)
    const { signal, body = '', redirect } = init
    // `fetch` follows redirects, writes other bodies, and refuses an address with a password.
    const isPlainRequest = redirect === 'manual' && typeof body === 'string' && !target.username
    const node = isPlainRequest ? nodeOf() : undefined
    return node && signal ? exchange(target, init, signal, node, clock) : runtimeFetch(url, init)
  }
}

type Node = NonNullable<ReturnType<typeof nodeOf>>
type Socket = ReturnType<Node['net']['connect']>
type IncomingMessage = InstanceType<Node['http']['IncomingMessage']>
/** How Node's client is given a connection, or told that there is none. */
type UseSocket = (error: Error | null, socket: Socket) => void
type Body = IncomingMessage | ReturnType<Node['zlib']['createUnzip']>
type Session = NonNullable<ReturnType<ReturnType<Node['tls']['connect']>['getSession']>>

/** Node's clients. `undefined` where the application, or the host, has a way of its own. */
function nodeOf() {
  const { fetch, Deno, Bun } = globalThis as { fetch: unknown; Deno?: unknown; Bun?: unknown }
  if (Deno !== undefined || Bun !== undefined || !isOfNode(fetch) || !isPlain()) return undefined
  const [http, https] = [hostModule('node:http'), hostModule('node:https')]
  const [net, tls, zlib] = [hostModule('node:net'), hostModule('node:tls'), hostModule('node:zlib')]
  if (!http || !https || !net || !tls || !zlib) return undefined
  // Some packages put a proxy there, and into `http.request`.
  return http.globalAgent.constructor === http.Agent ? { http, https, net, tls, zlib } : undefined
}

/** The `fetch` that was looked at last, and what was found: looking costs a text each time. */
let looked: { readonly fetch: unknown; readonly isOfNode: boolean } | undefined

/** Whether this is the `fetch` that Node came with: it loads undici from Node's own sources. */
function isOfNode(fetch: unknown): boolean {
  if (looked?.fetch === fetch) return looked!.isOfNode
  const text = typeof fetch === 'function' ? Function.prototype.toString.call(fetch) : ''
  looked = { fetch, isOfNode: text.includes("require('internal/deps/undici/undici')") }
  return looked.isOfNode
}

/** Whether `fetch` has no dispatcher but the one that it makes for itself. */
function isPlain(): boolean {
  return Object.getOwnPropertySymbols(globalThis).every((symbol) => {
    if (!symbol.description?.startsWith('undici.globalDispatcher.')) return true
    const dispatcher = (globalThis as unknown as Record<symbol, Fields | undefined>)[symbol]
    return dispatcher === undefined || attempt(() => isDefault(dispatcher)) === true
  })
}

type Fields = Readonly<Record<string | symbol, unknown>>

/** An `Agent` that was made without options, and around which nothing was put. */
function isDefault(dispatcher: Fields): boolean {
  const made = Object.getPrototypeOf(dispatcher) as Fields
  const options = Object.getOwnPropertySymbols(dispatcher)
    .filter((symbol) => symbol.description === 'options')
    .map((symbol) => dispatcher[symbol])
  const values = options.flatMap((each) => Object.values(each as Fields))
  const { name } = made.constructor
  if (dispatcher['dispatch'] !== made['dispatch']) return false
  // Node 26 shows the same dispatcher to older undicis; the other symbol has it as it is.
  if (name === 'Dispatcher1Wrapper') return Symbol.for('undici.globalDispatcher.2') in globalThis
  return (
    name === 'Agent' &&
    options.length === 1 &&
    values.every((value) => value === undefined || value === Infinity)
  )
}

/** What `fetch` of Node says of itself: servers and firewalls know these requests. */
const USUAL = {
  accept: '*/*',
  'accept-language': '*',
  'sec-fetch-mode': 'cors',
  'user-agent': 'node',
  'cache-control': 'no-cache',
  pragma: 'no-cache',
} as const

/** Sends one request on a connection of its own. */
function exchange(
  url: URL,
  { body, method = 'GET', headers }: RequestInit,
  signal: AbortSignal,
  node: Node,
  clock: Clock,
): Promise<Response> {
  const isTls = url.protocol === 'https:'
  const isForm = typeof body === 'string'
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined
    const fail = (error: unknown): void => {
      clock.clearTimeout(timer)
      socket?.destroy()
      reject(error)
    }
    const timer = clock.setTimeout(() => fail(new Error('not connected')), CONNECT_MS)
    signal.addEventListener('abort', () => fail(new Error('given up')))
    const createConnection = (_options: object, use: UseSocket): undefined => {
      socket = connect(url, isTls, node)
      socket.once('error', (error) => use(error, socket!))
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        clock.clearTimeout(timer)
        if (signal.aborted || socket!.destroyed) return
        // From this line on the server may have the request.
        untouched.delete(signal)
        use(null, socket!)
      })
      return undefined
    }
    const request = node[isTls ? 'https' : 'http'].request({
      method,
      host: bare(url.hostname),
      port: url.port,
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        connection: 'close',
        ...USUAL,
        'accept-encoding': isTls ? 'br, gzip, deflate' : 'gzip, deflate',
        ...Object.fromEntries(new Headers(headers)),
        ...(isForm && { 'content-length': new TextEncoder().encode(body).length }),
      },
      createConnection,
    })
    // Otherwise a mock of Node's client has taken the request, and may have sent it anywhere.
    if (socket !== undefined) untouched.add(signal)
    request.on('error', fail)
    request.on('close', () => fail(new Error('no answer')))
    request.on('response', (incoming) => resolve(responseOf(incoming, method, node)))
    request.end(isForm ? body : undefined)
  })
}

/** An address of IPv6 stands in brackets in a URL. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

/** TLS sessions by origin, to resume: a whole handshake costs both sides more. */
const sessions = new Map<string, Session>()
const SESSIONS_MAX = 100

/** Certificates are checked as Node was started: `NODE_EXTRA_CA_CERTS` holds. */
function connect({ origin, hostname, port }: URL, isTls: boolean, { net, tls }: Node): Socket {
  const host = bare(hostname)
  if (!isTls) return net.connect({ host, port: Number(port || 80) })
  const session = sessions.get(origin)
  const socket = tls.connect({
    host,
    port: Number(port || 443),
    ...(net.isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    ...(session && { session }),
  })
  socket.once('error', () => sessions.delete(origin))
  socket.on('session', (newer: Session) => {
    sessions.delete(origin)
    sessions.set(origin, newer)
    if (sessions.size > SESSIONS_MAX) sessions.delete(sessions.keys().next().value!)
  })
  return socket
}

/** Statuses whose answers have no body (Fetch, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

function responseOf(incoming: IncomingMessage, method: string, node: Node): Response {
  const { statusCode: status = 0, rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    attempt(() => headers.append(rawHeaders[i]!, rawHeaders[i + 1]!))
  }
  const isBodiless = method === 'HEAD' || BODILESS.has(status)
  if (isBodiless) incoming.resume()
  const body = isBodiless ? null : streamOf(decoded(incoming, headers, node))
  // The constructor takes no status beyond 599, and servers send some.
  return Object.defineProperty(new Response(body, { headers }), 'status', { value: status })
}

/** The body as it was before the server compressed it. As `fetch`: an unknown coding is left. */
function decoded(incoming: IncomingMessage, headers: Headers, { zlib }: Node) {
  // What was cut off is read as far as it goes: the token in it is the only one.
  const flushed = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH }
  const names = headers.get('content-encoding')?.toLowerCase().split(',') ?? []
  let body: Body = incoming
  for (const name of names.map((each) => each.trim()).toReversed()) {
    const isZip = ['gzip', 'x-gzip', 'deflate'].includes(name)
    if (!isZip && name !== 'br') break
    const from: Body = body
    const decoder = isZip ? zlib.createUnzip(flushed) : zlib.createBrotliDecompress()
    from.on('error', (error: Error) => decoder.destroy(error))
    decoder.on('close', () => from.destroy())
    body = from.pipe(decoder)
  }
  return body
}
