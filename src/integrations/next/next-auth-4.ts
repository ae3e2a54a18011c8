import type { ProxyRequest } from './carried.ts'
import type { SessionChange, SessionCookies } from './session-cookie.ts'

type Token = Record<string, unknown>

/** What renews a session of NextAuth 4. */
export interface NextAuth4 {
  /** Those of {@link refreshCallbacks}: `jwt` is asked. */
  readonly callbacks: { readonly jwt: { call(params: { token: object }): unknown }['call'] }
  /** The `secret` of NextAuth, or `NEXTAUTH_SECRET`. */
  readonly secret: string
  /** Of `next-auth/jwt`, or those of `authOptions.jwt`. */
  readonly decode: {
    call(params: { token: string; secret: string }): Promise<object | null>
  }['call']
  readonly encode: {
    call(params: { token: Token; secret: string; maxAge: number }): Promise<string>
  }['call']
  /** `session.maxAge` of NextAuth, seconds. Default 30 days, as there. */
  readonly maxAge?: number
}

const MAX_AGE = 30 * 24 * 60 * 60

/** Renews the session of a request. Never rejects: nothing changes where it does not work. */
export async function renewed(
  request: ProxyRequest,
  { callbacks, secret, decode, encode, maxAge = MAX_AGE }: NextAuth4,
  cookies: SessionCookies,
): Promise<SessionChange | undefined> {
  const cookie = request.headers.get('cookie') ?? ''
  const held = cookies.held(cookie)
  if (held === undefined) return undefined
  try {
    const token = await decode({ token: held.value, secret })
    if (token === null) return undefined
    const next = await callbacks.jwt({ token: { ...token } })
    // How an application ends a session.
    if (next === null) return cookies.changeTo(held, undefined, cookie)
    if (typeof next !== 'object' || isSame(next, token)) return undefined
    const value = await encode({ token: next as Token, secret, maxAge })
    return cookies.changeTo(held, { value, maxAge }, cookie)
  } catch {
    // A cookie of another secret, or a callback that throws: the routes of NextAuth deal with them.
    return undefined
  }
}

/** Lets whatever runs after us see the changed session: it reads `cookies`, or the header. */
export function show(request: ProxyRequest, change: SessionChange): void {
  for (const { name, value } of change.cookies) {
    if (value === '') request.cookies?.delete(name)
    else request.cookies?.set(name, value)
  }
}

function isSame(one: object, other: object): boolean {
  const text = (token: object): string => JSON.stringify(Object.entries(token).toSorted(byName))
  return text(one) === text(other)
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}
