import type { OutgoingHttpHeaders } from 'node:http'
import { exchange, jsonOf, type Answer } from '../../oidc/exchange.ts'

/** What `/api/auth/session` answered. */
export type Session = Record<string, unknown> & { readonly user?: Record<string, unknown> }

/** Cookies of one origin, by name. */
type Jar = Map<string, string>

/** A browser as far as Auth.js needs one: cookies for each origin, redirects, forms. */
export interface Browser {
  /** The session, or `null`. Without `writes`, the answer's cookies are lost, as in an RSC. */
  session(options?: { readonly writes?: boolean }): Promise<Session | null>
  /**
   * A whole sign-in: form, authorization server, callback. Answers with what came last.
   *
   * @param parameters Of the authorization request, beside those of the provider.
   */
  signIn(provider?: string, parameters?: Readonly<Record<string, string>>): Promise<Answer>
  /** A sign-in with a form of the application's own. */
  signInWith(credentials: Readonly<Record<string, string>>): Promise<Answer>
  signOut(): Promise<void>
  /** What `useSession().update(data)` sends. */
  update(data: unknown): Promise<Session | null>
  /** Another browser with the same cookies. */
  copy(): Browser
  /** The cookies that the application set, to be put back later. */
  readonly cookies: ReadonlyMap<string, string>
  putBack(cookies: ReadonlyMap<string, string>): void
  /** Every session that was seen, as text. */
  readonly seen: string[]
}

const HOPS_MAX = 12

/** @param origin Where the application listens. */
export function browser(
  origin: string,
  jars = new Map<string, Jar>(),
  seen: string[] = [],
): Browser {
  const jarOf = (url: URL): Jar => {
    const jar = jars.get(url.origin) ?? new Map<string, string>()
    jars.set(url.origin, jar)
    return jar
  }
  const ours = (): Jar => jarOf(new URL(origin))

  async function send(
    url: URL,
    { body, writes = true }: { body?: URLSearchParams | Buffer; writes?: boolean } = {},
  ): Promise<Answer> {
    const jar = jarOf(url)
    const headers: OutgoingHttpHeaders = {
      cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(Buffer.isBuffer(body) && { 'content-type': 'application/json' }),
    }
    const method = body === undefined ? 'GET' : 'POST'
    const answer = await exchange(url, { method, headers, ...(body && { body }) })
    for (const line of writes ? (answer.headers['set-cookie'] ?? []) : []) keepCookie(jar, line)
    return answer
  }

  async function follow(first: Answer, from: URL): Promise<Answer> {
    let [answer, url] = [first, from]
    for (let hops = 0; answer.headers.location !== undefined; hops += 1) {
      if (hops === HOPS_MAX) throw new Error(`more than ${HOPS_MAX} redirects, to ${url.href}`)
      url = new URL(answer.headers.location, url)
      answer = await send(url)
    }
    return answer
  }

  const at = (path: string): URL => new URL(`/api/auth/${path}`, origin)

  async function csrfToken(): Promise<string> {
    const { body } = await send(at('csrf'))
    return String(jsonOf(body)['csrfToken'])
  }

  async function post(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const body = new URLSearchParams({ ...fields, csrfToken: await csrfToken() })
    return follow(await send(at(path), { body }), at(path))
  }

  const sessionOf = ({ body }: Answer): Session | null => {
    seen.push(body.toString())
    const session = jsonOf(body) as Session
    return Object.keys(session).length === 0 ? null : session
  }

  return {
    seen,
    session: async ({ writes = true } = {}) => sessionOf(await send(at('session'), { writes })),
    signIn(provider = 'oidc', parameters = {}) {
      // The local server takes whoever comes for a new user, which it forbids within its session.
      for (const each of jars.keys()) if (each !== origin) jars.delete(each)
      const query = new URLSearchParams(parameters).toString()
      return post(`signin/${provider}?${query}`, { callbackUrl: origin })
    },
    signInWith: (credentials) => post('callback/credentials', { ...credentials }),
    async signOut() {
      await post('signout', {})
    },
    async update(data) {
      const body = Buffer.from(JSON.stringify({ csrfToken: await csrfToken(), data }))
      return sessionOf(await send(at('session'), { body }))
    },
    copy() {
      const copies = [...jars].map(([each, jar]) => [each, new Map(jar)] as const)
      return browser(origin, new Map(copies), seen)
    },
    get cookies() {
      return new Map(ours())
    },
    putBack(cookies) {
      jars.set(new URL(origin).origin, new Map(cookies))
    },
  }
}

/** RFC 6265 §5.3, as far as servers on loopback use it. */
function keepCookie(jar: Jar, line: string): void {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (name === undefined) return
  if (value === '' || /;\s*max-age=0/i.test(line)) jar.delete(name)
  else jar.set(name, value ?? '')
}
