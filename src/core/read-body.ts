/** The most that is read of an answer, in bytes after decompression: 1 MiB. */
export const ANSWER_MAX_BYTES = 1024 * 1024

/** What came of a body before its end, the deadline, an error or {@link ANSWER_MAX_BYTES}. */
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
