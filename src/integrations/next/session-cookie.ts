import { hostModule } from '../../core/host.ts'

/**
 * The session cookies of Auth.js: their names, and how a value that is too large for one cookie is
 * split. No other file knows this.
 *
 * A value is in the cookie `<name>`; a larger one is in `<name>.0`, `<name>.1`, … Auth.js joins all
 * cookies whose names begin so. A chunk that is left over from another value therefore spoils it.
 *
 * @see https://github.com/nextauthjs/next-auth/blob/main/packages/core/src/lib/utils/cookie.ts
 */

/** The names that Auth.js 5 and NextAuth 4 use, over https and over http. */
const NAMES = [
  '__Secure-authjs.session-token',
  'authjs.session-token',
  '__Secure-next-auth.session-token',
  'next-auth.session-token',
]

/** Characters of a value in one cookie: 4,096 less 163 for name and attributes, as NextAuth 4. */
const CHUNK_LENGTH = 3_933

/** A concurrent response may set a value that is shorter or longer by so many characters. */
const VARIATION = CHUNK_LENGTH / 4

/** The session that a request brings. */
export interface CookieSession {
  /** The name of the cookie, without the number of a chunk. */
  readonly name: string
  readonly value: string
}

/** The change that a response makes to the session. */
export interface SessionChange {
  /** All `Set-Cookie` lines of the change, including those that the response has already. */
  readonly lines: readonly string[]
  /** Whether the session is over: the lines only delete cookies. */
  readonly isDeleted: boolean
  /** The new value of each cookie. An empty value: the cookie is deleted. */
  readonly cookies: readonly { readonly name: string; readonly value: string }[]
  /** Returns the `Cookie` header that the browser sends afterwards. */
  applied(cookie: string): string
}

/** A parsed line of `Set-Cookie`. */
interface SetCookieLine {
  readonly name: string
  /** Empty: the cookie is deleted. */
  readonly value: string
  readonly text: string
}

/** Reads and changes session cookies. */
export interface SessionCookies {
  has(name: string): boolean
  /** Finds the session in a `Cookie` header. */
  sessionIn(cookie: string): CookieSession | undefined
  /**
   * Finds out how a response changes the session.
   *
   * @param cookie The `Cookie` header of the request.
   */
  changeIn(headers: Headers, cookie: string): SessionChange | undefined
  /**
   * Makes the change that sets another value, or ends the session.
   *
   * @param next Absent: the session ends. `maxAge` is in seconds.
   */
  changeTo(
    session: CookieSession,
    next: { readonly value: string; readonly maxAge: number } | undefined,
    cookie: string,
  ): SessionChange
}

/** @param name The name that the application gave to its session cookie, if it gave one. */
export function sessionCookies(name?: string): SessionCookies {
  const names = name === undefined ? NAMES : [name]
  const baseOf = (cookie: string): string | undefined => {
    const base = cookie.replace(/\.\d+$/, '')
    return [cookie, base].find((each) => names.includes(each))
  }
  const has = (cookie: string): boolean => baseOf(cookie) !== undefined

  function sessionIn(cookie: string): CookieSession | undefined {
    const all = pairsOf(cookie).filter(({ value }) => value !== '')
    const base = names.find((each) => all.some(({ name }) => baseOf(name) === each))
    if (base === undefined) return undefined
    const chunks = all.filter(({ name }) => baseOf(name) === base)
    const number = ({ name }: { name: string }): number => Number(name.slice(base.length + 1))
    const inOrder = chunks.toSorted((one, other) => number(one) - number(other))
    return { name: base, value: inOrder.map(({ value }) => value).join('') }
  }

  function changeOf(lines: readonly SetCookieLine[], cookie: string): SessionChange | undefined {
    const [first] = lines
    if (first === undefined) return undefined
    const before = pairsOf(cookie).flatMap(({ name }) => (has(name) ? [name] : []))
    const set = lines.filter(({ value }) => value !== '')
    if (set.length === 0 || isOverruled(lines)) {
      const gone = new Set([...lines.map(({ name }) => name), ...before])
      return change(Array.from(gone, (each) => deletion(each, first)))
    }
    const base = baseOf(set[0]!.name)!
    const length = set.reduce((sum, { value }) => sum + value.length, 0)
    const stray = [-VARIATION, VARIATION].flatMap((by) => chunkNames(base, length + by))
    const others = new Set([...before.filter((each) => baseOf(each) === base), ...stray])
    for (const { name } of lines) others.delete(name)
    return change([...lines, ...Array.from(others, (each) => deletion(each, set[0]!))])
  }

  return {
    has,
    sessionIn,
    changeIn(headers, cookie) {
      const lines = headers.getSetCookie().map(lineOf)
      return changeOf(
        lines.filter(({ name }) => has(name)),
        cookie,
      )
    },
    changeTo({ name }, next, cookie) {
      const secure = name.startsWith('__Secure-') ? '; Secure' : ''
      const line = (name: string, value: string, maxAge: number): SetCookieLine =>
        lineOf(`${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`)
      const { value = '', maxAge = 0 } = next ?? {}
      const lines = chunkNames(name, value.length).map((each, index) =>
        line(each, value.slice(index * CHUNK_LENGTH, (index + 1) * CHUNK_LENGTH), maxAge),
      )
      return changeOf(lines, cookie)!
    },
  }
}

/**
 * Whether the application deleted a cookie that Auth.js set again afterwards: `auth` adds its own
 * lines to the response of a proxy.
 */
function isOverruled(lines: readonly SetCookieLine[]): boolean {
  const deleted = new Set<string>()
  for (const { name, value } of lines) {
    if (deleted.has(name)) return true
    if (value === '') deleted.add(name)
  }
  return false
}

function change(lines: readonly SetCookieLine[]): SessionChange {
  const changed = new Set(lines.map(({ name }) => name))
  const set = lines.filter(({ value }) => value !== '')
  return {
    lines: lines.map(({ text }) => text),
    isDeleted: set.length === 0,
    cookies: lines,
    applied(cookie) {
      const kept = pairsOf(cookie).filter(({ name }) => !changed.has(name))
      return [...kept, ...set].map(({ name, value }) => `${name}=${value}`).join('; ')
    },
  }
}

function chunkNames(base: string, length: number): string[] {
  if (length <= CHUNK_LENGTH) return [base]
  return Array.from({ length: Math.ceil(length / CHUNK_LENGTH) }, (_, index) => `${base}.${index}`)
}

/** Makes a line that deletes a cookie, with the attributes with which another was set. */
function deletion(name: string, { text }: SetCookieLine): SetCookieLine {
  const attributes = text.replace(/^[^;]*/, '').replaceAll(/;\s*(?:max-age|expires)=[^;]*/gi, '')
  return { name, value: '', text: `${name}=${attributes}; Max-Age=0` }
}

/** Parses a line of `Set-Cookie` (RFC 6265 §5.2) in the form that Auth.js and Next write. */
function lineOf(text: string): SetCookieLine {
  const [pair = '', ...attributes] = text.split(';')
  const [{ name, value } = { name: '', value: '' }] = pairsOf(pair)
  const isGone = attributes.some((each) => /^\s*max-age=(?:0|-\d+)\s*$/i.test(each))
  return { name, value: isGone ? '' : value, text }
}

function pairsOf(cookie: string): { readonly name: string; readonly value: string }[] {
  return cookie.split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? [] : [{ name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() }]
  })
}

const SENT_ONCE = Symbol.for('refresh-once/session-sent-once/1')

/** What this needs of the responses of Node's `http`. */
interface NodeResponse {
  setHeader(name: string, value: number | string | readonly string[]): this
  appendHeader?(name: string, value: string | readonly string[]): this
  getHeader(name: string): unknown
  /** The names of session cookies, in each copy of this module. */
  [SENT_ONCE]?: Set<string | undefined>
}

/**
 * Lets every response of this process set each session cookie once: the last line counts, as it
 * does in browsers (RFC 6265 §4.1.1).
 *
 * Next.js adds the cookies that a handler sets to those that the proxy set, and lets neither see
 * the other. With `update()` of next-auth, the old session and the new one are then in one
 * response; of large ones, the headers are more than clients accept (16 KiB). Nothing but Node's
 * response sees both. Where the proxy runs in another process, both are sent.
 *
 * @param name As for {@link sessionCookies}.
 */
export function sendSessionOnce(name?: string): void {
  const response = hostModule('node:http')?.ServerResponse.prototype as NodeResponse | undefined
  if (response === undefined) return
  const known = response[SENT_ONCE]
  known?.add(name)
  if (known !== undefined) return
  const names = (response[SENT_ONCE] = new Set([name]))
  const isSession = (cookie: string): boolean =>
    Array.from(names).some((each) => sessionCookies(each).has(cookie))
  const { setHeader, appendHeader } = response
  response.setHeader = function (header, value) {
    const isList = isSetCookie(header) && Array.isArray(value)
    return setHeader.call(this, header, isList ? lastOfEach(value as string[], isSession) : value)
  }
  if (appendHeader === undefined) return
  response.appendHeader = function (header, value) {
    if (!isSetCookie(header)) return appendHeader.call(this, header, value)
    const before = [this.getHeader(header) ?? []].flat().map(String)
    return this.setHeader(header, [...before, ...[value].flat()])
  }
}

const isSetCookie = (header: string): boolean => header.toLowerCase() === 'set-cookie'

/** Of several lines for one session cookie, the last one stays. */
function lastOfEach(
  lines: readonly string[],
  isSession: (cookie: string) => boolean,
): readonly string[] {
  const names = lines.map((line) => lineOf(line).name)
  return lines.filter(
    (_, index) => !isSession(names[index]!) || names.lastIndexOf(names[index]!) === index,
  )
}
