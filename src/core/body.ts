import { isRecord } from './text.ts'
import { quietly } from './user-code.ts'

/** The most that is read of an answer, in bytes after decompression: 1 MiB. */
export const ANSWER_MAX_BYTES = 1024 * 1024

/**
 * Reads a body until its end, the deadline, an error or {@link ANSWER_MAX_BYTES}.
 *
 * @param contentType Names the encoding, if it is not UTF-8.
 */
export async function readBody(
  body: ReadableStream<Uint8Array | string> | null,
  signal?: AbortSignal,
  contentType?: string | null,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  let decoder: TextDecoder | undefined
  let text = ''
  let bytes = 0
  if (body === null) return { text, whole: true }
  const reader = body.getReader()
  const isOver = (): boolean => signal?.aborted === true
  // A cancelled reader ends its pending read at once, whether or not the stream obeys.
  const cancel = (): void => quietly(() => reader.cancel())
  signal?.addEventListener('abort', cancel)
  try {
    while (!isOver()) {
      const { done, value: read } = await reader.read()
      if (done) return { text: text + (decoder?.decode() ?? ''), whole: !isOver() }
      // Mocks have streams of texts, which a Response takes, too.
      const value = typeof read === 'string' ? new TextEncoder().encode(read) : read
      bytes += value.byteLength
      if (bytes > ANSWER_MAX_BYTES) break
      decoder ??= decoderOf(value, contentType)
      text += decoder.decode(value, { stream: true })
    }
  } catch {
    // The connection broke: what has come may be a whole answer all the same.
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
  cancel()
  return { text, whole: false }
}

/** Makes a stream of chunks, which are bytes, texts, or values as JSON. */
export function streamOf(chunks: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(bytesOf(value))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return new TextEncoder().encode(text)
}

/**
 * Makes the decoder of a body. UTF-16 is believed only if its first bytes show it (RFC 4627 §3),
 * and a name only if it is one of an encoding that has ASCII as it is: a wrong word in a header
 * must not cost a token.
 */
function decoderOf([first, second]: Uint8Array, contentType: string | null = null): TextDecoder {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) {
    return new TextDecoder('utf-16le')
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) {
    return new TextDecoder('utf-16be')
  }
  const [, name = 'utf-8'] = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '') ?? []
  try {
    return /^(?:utf-?16|utf-?7|utf-?32|iso-2022)/i.test(name)
      ? new TextDecoder()
      : new TextDecoder(name)
  } catch {
    return new TextDecoder()
  }
}

/**
 * Decodes a body: JSON, also one that is written as a text or as a call (JSONP); else a form, if
 * the answer says that it is one, or if nothing in it contradicts that (QQ Connect sends forms as
 * `text/html`).
 *
 * A JSON value tells by itself that it is whole; a form does not, so a broken off one is not read.
 *
 * @param whole Whether the body came to its end.
 * @returns `undefined` for what cannot be read.
 */
export function decodeBody(text: string, whole: boolean, contentType: string | null): unknown {
  const trimmed = text
    .replace(/^\uFEFF+/, '')
    .replace(GUARD, '')
    .replace(/\0+$/, '')
    .trim()
  const value = parsed(trimmed) ?? parsed(JSONP.exec(trimmed)?.[1]) ?? embedded(trimmed)
  if (typeof value === 'string') return whole ? (parsed(value) ?? value) : undefined
  if (value !== undefined) return whole || isRecord(value) ? value : undefined
  const form = trimmed.replace(/^[?#&]/, '')
  return whole && isForm(form, contentType)
    ? Object.fromEntries(new URLSearchParams(form))
    : undefined
}

/** What servers write before JSON so that no script of another page can load it. */
const GUARD = /^\s*(?:\)\]\}',?|while\s*\(1\);|for\s*\(;;\);)/

/**
 * A token response between the warnings that PHP prints, or behind a comment. A whole web page is
 * not looked through: it may hold a token of its own.
 */
function embedded(text: string): unknown {
  const at = text.indexOf('"access_token"')
  if (at === -1 || /^<(?:!doctype|html)/i.test(text)) return undefined
  return parsed(text.slice(text.lastIndexOf('{', at), text.indexOf('}', at) + 1))
}

const JSONP = /^[\w$.]{1,60}\s*\(([^]*)\)\s*;?$/

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Pairs of names and values, and nothing in them that markup or prose would have. */
const PAIRS = /^[\w.~%+-]+=[^\s<>&]*(?:&[\w.~%+-]+=[^\s<>&]*)*&?$/

/** The same with a token in it: then values may hold spaces that should be escaped. */
const TOKEN_PAIRS = /^(?:[\w.~%+-]+=[^\r\n<>&]*&)*access_token=[^\s<>&]+(?:&[^\r\n<>]*)?$/

function isForm(text: string, contentType: string | null): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return /^[^<{[]+=/.test(text)
  return PAIRS.test(text) || TOKEN_PAIRS.test(text)
}
