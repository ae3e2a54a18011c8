import type { Reply } from '../authorization-server/answer.ts'

/** An answer, whole and at once. */
export function delivered({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers: headers as [string, string][] })
}

/** An answer of which the body breaks off. @param then Told when it does. */
export function broken({ status, headers, body }: Reply, atByte: number, then: () => void) {
  const bytes = new TextEncoder().encode(body)
  const part = bytes.subarray(0, Math.min(atByte, Math.max(bytes.length - 1, 0)))
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(part),
    pull(controller) {
      then()
      controller.error(failure('ECONNRESET'))
    },
  })
  return new Response(stream, { status, headers: headers as [string, string][] })
}

/** An answer of which the body comes later. @param whole Told when it has come. */
export function slow(
  { status, headers, body }: Reply,
  wait: () => Promise<void>,
  whole: () => Promise<void>,
): Response {
  const stream = new ReadableStream({
    async pull(controller) {
      await wait()
      await whole()
      controller.enqueue(new TextEncoder().encode(body))
      controller.close()
    },
  })
  return new Response(stream, { status, headers: headers as [string, string][] })
}

/** Somebody on the way writes back what was sent. */
export function echoing(reply: Reply, token: string): Reply {
  return { ...reply, body: reply.body.replaceAll('{token}', token) }
}

/** What Node's `fetch` rejects with. */
export function failure(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}
