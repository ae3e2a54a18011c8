import { isRecord } from './text.ts'

/** The most that is read of an answer, in bytes after decompression: 1 MiB. */
export const ANSWER_MAX_BYTES = 1024 * 1024

/** Reads a body until its end, the deadline, an error or {@link ANSWER_MAX_BYTES}. */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  signal?: AbortSignal,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  if (body === null) return { text, whole: true }
  const reader = body.getReader()
  const isOver = (): boolean => signal?.aborted === true
  // A cancelled reader ends its pending read at once, whether or not the stream obeys.
  const cancel = (): void => void reader.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel)
  try {
    while (!isOver()) {
      const { done, value } = await reader.read()
      if (done) return { text: text + decoder.decode(), whole: !isOver() }
      bytes += value.byteLength
      if (bytes > ANSWER_MAX_BYTES) break
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

/**
 * Decodes a body: JSON, or a form where the answer says that it is one (or plain text, as old
 * servers do), whatever else its content type says.
 *
 * A JSON value tells by itself that it is whole; a form does not, so a broken off one is not read.
 *
 * @param whole Whether the body came to its end.
 * @returns `undefined` for what cannot be read.
 */
export function decodeBody(text: string, whole: boolean, contentType: string | null): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return whole || isRecord(value) ? value : undefined
  } catch {
    return whole && isForm(text, contentType)
      ? Object.fromEntries(new URLSearchParams(text))
      : undefined
  }
}

function isForm(text: string, contentType: string | null): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return /^[^<{[]+=/.test(text)
  return type === 'text/plain' && /^\w+=[^<\s]*$/.test(text)
}
