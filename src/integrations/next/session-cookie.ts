/**
 * The session cookies of Auth.js: what they are called, and how a value too large for one cookie is
 * parted. No other file knows.
 *
 * A value stands in `<name>`, a larger one in `<name>.0`, `<name>.1`, … Whoever reads joins all
 * cookies whose names begin so: one that is left over from another value spoils it.
 *
 * @see https://github.com/nextauthjs/next-auth/blob/main/packages/core/src/lib/utils/cookie.ts
 */

/** What Auth.js 5 and NextAuth 4 call them, over https and over http. */
const NAMES = [
  '__Secure-authjs.session-token',
  'authjs.session-token',
  '__Secure-next-auth.session-token',
  'next-auth.session-token',
]

/** Characters of a value in one cookie: 4,096 less 163 for name and attributes, as NextAuth 4. */
const CHUNK_LENGTH = 3_933

/** By how much the value in another answer, at the same time, may well be shorter or longer. */
const VARIATION = CHUNK_LENGTH / 4

/** What is held of a session. */
export interface HeldSession {
  /** Of the cookie, without the number of a chunk. */
  readonly name: string
  readonly value: string
}

/** What an answer does to the session. */
export interface SessionChange {
  /** All lines of `Set-Cookie` that it takes, those included that the answer has. */
  readonly lines: readonly string[]
  /** The session is over: there are only deletions. */
  readonly isDeleted: boolean
  /** What becomes of each cookie. An empty value: it is deleted. */
  readonly cookies: readonly { readonly name: string; readonly value: string }[]
  /** A `Cookie` header as the browser will send it afterwards. */
  applied(cookie: string): string
}

/** One line of `Set-Cookie`. */
interface Line {
  readonly name: string
  /** Empty: the cookie is deleted. */
  readonly value: string
  readonly text: string
}

/** Session cookies, by the names in use. */
export interface SessionCookies {
  has(name: string): boolean
  /** The session in a `Cookie` header. */
  held(cookie: string): HeldSession | undefined
  /**
   * What an answer does to the session.
   *
   * @param cookie The `Cookie` header of the request.
   */
  changeIn(headers: Headers, cookie: string): SessionChange | undefined
  /** The session's end, or another value of it, for so many seconds. */
  changeTo(
    held: HeldSession,
    next: { readonly value: string; readonly maxAge: number } | undefined,
    cookie: string,
  ): SessionChange
}

/** @param name Where the application has given the session cookie a name of its own. */
export function sessionCookies(name?: string): SessionCookies {
  const names = name === undefined ? NAMES : [name]
  const baseOf = (cookie: string): string | undefined => {
    const base = cookie.replace(/\.\d+$/, '')
    return [cookie, base].find((each) => names.includes(each))
  }
  const has = (cookie: string): boolean => baseOf(cookie) !== undefined

  function held(cookie: string): HeldSession | undefined {
    const all = pairsOf(cookie).filter(({ value }) => value !== '')
    const base = names.find((each) => all.some(({ name }) => baseOf(name) === each))
    if (base === undefined) return undefined
    const chunks = all.filter(({ name }) => baseOf(name) === base)
    const number = ({ name }: { name: string }): number => Number(name.slice(base.length + 1))
    const inOrder = chunks.toSorted((one, other) => number(one) - number(other))
    return { name: base, value: inOrder.map(({ value }) => value).join('') }
  }

  function changeOf(lines: readonly Line[], cookie: string): SessionChange | undefined {
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
    held,
    changeIn(headers, cookie) {
      const lines = headers.getSetCookie().map(lineOf)
      return changeOf(
        lines.filter(({ name }) => has(name)),
        cookie,
      )
    },
    changeTo({ name }, next, cookie) {
      const secure = name.startsWith('__Secure-') ? '; Secure' : ''
      const line = (name: string, value: string, maxAge: number): Line =>
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
 * Whether the application has deleted a cookie that Auth.js sets after it: `auth` adds its own
 * lines to whatever a proxy answers.
 */
function isOverruled(lines: readonly Line[]): boolean {
  const deleted = new Set<string>()
  for (const { name, value } of lines) {
    if (deleted.has(name)) return true
    if (value === '') deleted.add(name)
  }
  return false
}

function change(lines: readonly Line[]): SessionChange {
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

/** Deletes a cookie that was set with the attributes of another. */
function deletion(name: string, { text }: Line): Line {
  const attributes = text.replace(/^[^;]*/, '').replaceAll(/;\s*(?:max-age|expires)=[^;]*/gi, '')
  return { name, value: '', text: `${name}=${attributes}; Max-Age=0` }
}

/** RFC 6265 §5.2, as far as Auth.js and Next write it. */
function lineOf(text: string): Line {
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
