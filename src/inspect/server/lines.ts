import { toBase64url } from '../../core/text.ts'
import { systemRandom } from '../../core/random.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readLine } from '../recording.ts'

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
export function createHistory(linesMax: number): LineHistory {
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
export interface Readers {
  /** Tells a page what it missed, and then all that happens. */
  add(request: IncomingMessage, response: ServerResponse): void
  tell(lines: readonly Kept[]): void
  end(): void
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createReaders(history: LineHistory): Readers {
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
export type Taken =
  | { readonly texts: readonly string[]; readonly refused: number; readonly status?: undefined }
  /** Refused, with this HTTP status. */
  | { readonly status: number }

/** Reads lines of a recording from a request. What is none is left out and counted. */
export async function take(request: IncomingMessage): Promise<Taken> {
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
