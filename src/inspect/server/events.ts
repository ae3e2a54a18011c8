import type { IncomingMessage, ServerResponse } from 'node:http'
import type { History, Kept } from './history.ts'

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
export function createReaders(history: History): Readers {
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
