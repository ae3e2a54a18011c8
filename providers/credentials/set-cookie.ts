/** What is long ago for any server: its cookies are cleared with the epoch, or the year 2000. */
const LONG_AGO_MS = Date.UTC(2001)

/**
 * What an answer makes of one cookie, of whatever path and domain.
 *
 * Read as a browser would (RFC 6265 §5.2): names are case-sensitive, a later cookie replaces an
 * earlier one of its path and domain, quotes belong to the value. A cookie that is being cleared
 * (`Max-Age` 0 or less, `Expires` before the answer's own `Date`, no value) counts only where no
 * other one is set: it may be of an old path.
 *
 * @returns The value as it was written. `null`: the cookie is cleared. `undefined`: nothing is
 *   said.
 */
export function readSetCookie(headers: Headers, name: string): string | null | undefined {
  const nowMs = instant(headers.get('date')) ?? LONG_AGO_MS
  const held = new Map<string, string | null>()
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) continue
    const value = pair.slice(at + 1).trim()
    const said = attributesOf(attributes)
    const place = `${said.get('domain') ?? ''};${said.get('path') ?? ''}`
    held.set(place, value === '' || value === '""' || isOver(said, nowMs) ? null : value)
  }
  const values = [...held.values()]
  return values.findLast((value) => value !== null) ?? values.at(-1)
}

/** The value of a cookie as the server meant it: without quotes and percent-encoding. */
export function decodeCookie(value: string): string {
  const bare = /^".*"$/.test(value) ? value.slice(1, -1) : value
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}

/** By lower-case name; the last of a name counts. */
function attributesOf(attributes: readonly string[]): Map<string, string> {
  return new Map(
    attributes.map((attribute) => {
      const [name = '', ...value] = attribute.split('=')
      return [name.trim().toLowerCase(), value.join('=').trim()]
    }),
  )
}

/** RFC 6265 §4.1.2.2: "the Max-Age attribute has precedence". */
function isOver(said: ReadonlyMap<string, string>, nowMs: number): boolean {
  const maxAge = said.get('max-age') ?? ''
  if (/^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0
  const expiresMs = instant(said.get('expires'))
  return expiresMs !== undefined && expiresMs < nowMs
}

function instant(text: string | null | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
