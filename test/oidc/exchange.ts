import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http'

/** One answer, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Outgoing {
  readonly method?: string | undefined
  readonly headers?: OutgoingHttpHeaders
  readonly body?: URLSearchParams | Buffer
}

/**
 * Sends one request on a connection of its own and reads the answer, following no redirect.
 *
 * Not `fetch`: tests replace that one, and its pool of connections outlives a server.
 */
export function exchange(url: string | URL, outgoing: Outgoing = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = outgoing
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
    request.on('error', reject)
    if (body instanceof URLSearchParams) {
      request.setHeader('content-type', 'application/x-www-form-urlencoded')
      request.end(body.toString())
    } else {
      request.end(body)
    }
  })
}

/** Sends a form by `POST`. */
export function postForm(
  url: string,
  parameters: Readonly<Record<string, string>>,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return exchange(url, { method: 'POST', headers, body: new URLSearchParams(parameters) })
}

/** The object in a JSON body. Anything else counts as an empty one. */
export function jsonOf(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
