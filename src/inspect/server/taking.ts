import type { IncomingMessage } from 'node:http'
import { readLine } from '../recording.ts'

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
