/** What is read of a request of Node's `http`. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** The whole path, where a router has cut `url`. */
  readonly originalUrl?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** What is written of a response of Node's `http`. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string | string[]): unknown
  getHeader(name: string): number | string | string[] | undefined
  end(body: string): unknown
}

/**
 * The request without its body. It is at the origin of the application, whatever proxies made of
 * its host.
 */
export function requestOf(request: NodeRequest, origin: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2 has names such as `:path`, which are no headers.
    if (value !== undefined && !name.startsWith(':')) {
      headers.set(name, Array.isArray(value) ? value.join(name === 'cookie' ? '; ' : ', ') : value)
    }
  }
  const { method = 'GET', originalUrl, url = '/' } = request
  return new Request(new URL(pathIn(originalUrl ?? url), origin), { method, headers })
}

/** A request line may hold a whole address, or a path that looks like one: `//other.example`. */
function pathIn(url: string): string {
  return url.startsWith('/') ? `/${url.replace(/^\/+/, '')}` : '/'
}

/** Sends a response. Cookies that others have set stay. */
export async function send(answer: Response, response: NodeResponse): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie') response.setHeader(name, value)
  }
  const before = [response.getHeader('set-cookie') ?? []].flat().map(String)
  response.setHeader('set-cookie', [...before, ...answer.headers.getSetCookie()])
  response.end(await answer.text())
}
