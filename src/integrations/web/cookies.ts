/** How a cookie is set (RFC 6265): always `HttpOnly`, `SameSite=Lax`, for the whole origin. */
export interface CookieOptions {
  readonly isSecure: boolean
  /** Seconds. 0 deletes it. */
  readonly maxAge: number
}

/** Reads the cookies of a request. The first of a name counts. */
export function cookiesIn(headers: Headers): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at > 0 && !found.has(name)) found.set(name, pair.slice(at + 1).trim())
  }
  return found
}

/** Writes the value of `Set-Cookie`, as the prefix `__Host-` needs it. */
export function setCookie(
  name: string,
  value: string,
  { isSecure, maxAge }: CookieOptions,
): string {
  const secure = isSecure ? '; Secure' : ''
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
}

/** A redirect after a `GET` or a `POST`, that no cache keeps. */
export function redirect(to: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ location: to, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/** A line of plain text, that no cache keeps. */
export function plain(
  status: number,
  text: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(`${text}\n`, { status, headers: { ...headers, ...more } })
}
