import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toBase64url } from '../core/text.ts'
import { systemRandom } from '../core/random.ts'
import { addressOf } from './page-inspector.ts'
import type { PageAddress } from './page-inspector.ts'
import { PAGE_POLICY, pageFile } from './page/files.ts'
import type { PageFile } from './page/files.ts'
import { readLine } from './recording.ts'

export interface PageServerOptions {
  /** Default: the system chooses one. */
  readonly port?: number | undefined
  /** At least 128 bits as base64url. Default: random ones. */
  readonly secret?: string | undefined
  /** How many lines are kept for pages that come later. Default 20,000. */
  readonly linesMax?: number
  /** Told of lines that processes sent. */
  readonly onLines?: (texts: readonly string[]) => void
  /** The files of the page, by path. Default: those that are shipped. */
  readonly file?: (path: string) => Promise<PageFile | undefined>
}

/** A server of the page, on this machine only. */
export interface PageServer extends AsyncDisposable {
  readonly address: PageAddress
  /** Takes lines as if a process had sent them. */
  add(texts: readonly string[]): void
  /** Ends at once, whoever is connected. */
  stop(): Promise<void>
}

/** Nothing is stored, guessed, framed or sent elsewhere. The secret in the path is no referrer. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': PAGE_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Serves the page and takes lines. Rejects if the port is taken. */
export async function startPageServer({
  port = 0,
  secret = toBase64url(systemRandom.bytes(18)),
  linesMax = 20_000,
  onLines,
  file = pageFile,
}: PageServerOptions = {}): Promise<PageServer> {
  const history = createHistory(linesMax)
  const readers = createReaders(history)
  const add = (texts: readonly string[]): void => readers.tell(history.add(texts))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const { path, status } = admit(request, address)
    if (status !== undefined) return refuse(response, status)
    const method = path === 'lines' ? 'POST' : 'GET'
    if (request.method !== method) return refuse(response, 405)
    if (path === 'events') return readers.add(request, response)
    return path === 'lines' ? takeIn(request, response) : show(path, response)
  }

  async function takeIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const taken = await take(request)
    if (taken.status !== undefined) return refuse(response, taken.status)
    add(taken.texts)
    onLines?.(taken.texts)
    const { texts, refused } = taken
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ taken: texts.length, refused }))
  }

  async function show(path: string, response: ServerResponse): Promise<void> {
    const found = await file(path)
    if (found === undefined) return refuse(response, 404)
    response.setHeader('content-type', found.type)
    response.end(found.body)
  }

  const http = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = addressOf((http.address() as AddressInfo).port, secret)

  async function stop(): Promise<void> {
    readers.end()
    const closed = new Promise((resolve) => http.close(resolve))
    http.closeAllConnections()
    await closed
  }

  return { address, add, stop, [Symbol.asyncDispose]: stop }
}

/** What was sent is not read to its end: the connection goes with it. */
function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close' }).end()
}

/** Who may come in, and where to. */
type Admission =
  | { readonly path: string; readonly status?: undefined }
  /** Refused, with this HTTP status. */
  | { readonly path?: undefined; readonly status: number }

/**
 * Lets in who knows the secret, by an address of this machine, from no foreign page. A name that
 * leads here by DNS is refused (rebinding): its `Host` gives it away.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-7.4
 */
function admit(
  { url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  { port, secret }: Pick<PageAddress, 'port' | 'secret'>,
): Admission {
  const { host, origin } = headers
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return { status: 421 }
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403 }
  const [, given = '', ...rest] = url.split('?', 1)[0]!.split('/')
  if (!isSame(given, secret) || rest.length === 0) return { status: 404 }
  return { path: rest.join('/') }
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}

/** A line that was taken, and the name by which a page says that it has it. */
export interface Kept {
  readonly id: string
  readonly text: string
}

/** The newest lines of all processes, in the order in which they came. */
export interface LineHistory {
  add(texts: readonly string[]): readonly Kept[]
  /** All that came later than a line; all that there is, if nobody here named one so. */
  since(id: string | undefined): readonly Kept[]
}

/** @param linesMax How many are remembered. */
function createHistory(linesMax: number): LineHistory {
  /** Lines of a server that ran here before have other names. */
  const start = toBase64url(systemRandom.bytes(6))
  let kept: Kept[] = []
  let count = 0

  return {
    add(texts) {
      const added = texts.map((text) => ({ id: `${start}.${(count += 1)}`, text }))
      kept.push(...added)
      // Not each time, or each would move them all.
      if (kept.length > linesMax * 1.1) kept = kept.slice(-linesMax)
      return added
    },
    since(id) {
      const [named, number] = id?.split('.') ?? []
      const isOurs = named === start && Number(number) <= count
      const missed = isOurs ? Math.min(count - Number(number), kept.length) : kept.length
      return missed === 0 ? [] : kept.slice(-Math.min(missed, linesMax))
    },
  }
}

/** Bytes that wait for a reader who does not read, before it is let go. It may come again. */
const WAITING_MAX = 32 * 1024 * 1024

/** How soon a page comes again, milliseconds. */
const AGAIN_MS = 500

/** The pages that look, as server-sent events. */
interface Readers {
  /** Tells a page what it missed, and then all that happens. */
  add(request: IncomingMessage, response: ServerResponse): void
  tell(lines: readonly Kept[]): void
  end(): void
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
function createReaders(history: LineHistory): Readers {
  const readers = new Set<ServerResponse>()
  return {
    add(request, response) {
      const last = request.headers['last-event-id']
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(`retry: ${AGAIN_MS}\n\n`)
      write(response, history.since(typeof last === 'string' ? last : undefined))
      readers.add(response)
      response.on('close', () => readers.delete(response))
    },
    tell(lines) {
      for (const reader of readers) {
        if (reader.writableLength > WAITING_MAX) reader.destroy()
        else write(reader, lines)
      }
    },
    end() {
      for (const reader of readers) reader.end()
    },
  }
}

function write(response: ServerResponse, lines: readonly Kept[]): void {
  if (lines.length === 0) return
  response.write(lines.map(({ id, text }) => `id: ${id}\ndata: ${text}\n\n`).join(''))
}

/** The most that is taken at once, bytes. */
const BODY_MAX = 4 * 1024 * 1024

/** What a process sent. */
type Taken =
  | { readonly texts: readonly string[]; readonly refused: number; readonly status?: undefined }
  /** Refused, with this HTTP status. */
  | { readonly status: number }

/** Reads lines of a recording from a request. What is none is left out and counted. */
async function take(request: IncomingMessage): Promise<Taken> {
  // No form of a foreign page can send this type without asking first.
  if (request.headers['content-type'] !== 'application/x-ndjson') return { status: 415 }
  const chunks: Buffer[] = []
  let bytes = 0
  // Left as it is when it is too long: a stream that is destroyed takes the answer with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > BODY_MAX) return { status: 413 }
    chunks.push(chunk)
  }
  const given = Buffer.concat(chunks).toString('utf8').split('\n').filter(Boolean)
  const lines = given.map(readLine).filter((line) => line !== undefined)
  // Written anew: an event of the stream is one line, whatever stood between its words.
  const texts = lines.map((line) => JSON.stringify(line))
  return { texts, refused: given.length - texts.length }
}
