/**
 * A cookie that says that a sign-in without a page was begun, so that it is tried once: by a proxy
 * or by a guard, in whichever tab. It holds the way back and no secret. It goes with the next
 * session that needs no sign-in, or by itself.
 */
export const MARKER = 'refresh-once.silent'

/** A server that answers with a page of its own is not asked again for so many seconds. */
const LIFETIME_S = 600

/** `begun`: the proxy sends the user off. `sent`: at the AS. `back`: it did not sign them in. */
export interface Marker {
  readonly stage: 'begun' | 'sent' | 'back'
  /** A path of this origin, with its query. */
  readonly path: string
}

const VALUE = /^(begun|sent|back):(\S+)$/

/** Finds the marker in a `Cookie` header. One that names another origin leads to `/`. */
export function markerIn(cookie: string): Marker | undefined {
  const pair = cookie.split(/;\s*/).find((each) => each.startsWith(`${MARKER}=`))
  const [, stage, path = ''] = VALUE.exec(pair?.slice(MARKER.length + 1) ?? '') ?? []
  return stage === undefined
    ? undefined
    : { stage: stage as Marker['stage'], path: ownPath(decoded(path)) }
}

/** The line that sets the cookie; `undefined` deletes it. */
export function markerLine(marker: Marker | undefined, isSecure: boolean): string {
  const value = marker && `${marker.stage}:${encodeURIComponent(ownPath(marker.path))}`
  const attributes = `Path=/; Max-Age=${marker ? LIFETIME_S : 0}; SameSite=Lax`
  return `${MARKER}=${value ?? ''}; ${attributes}${isSecure ? '; Secure' : ''}`
}

/** Cookies hold 4 KB. */
const PATH_MAX = 1_000

function ownPath(path: string): string {
  const isOwn = /^\/(?![/\\])/.test(path) && !/[\\\p{Cc}]/u.test(path)
  return isOwn && path.length <= PATH_MAX ? path : '/'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return '/'
  }
}

/**
 * In a browser: whether no sign-in without a page was tried before, and the next one will know of
 * this one.
 */
export function mark(): boolean {
  if (markerIn(document.cookie) !== undefined) return false
  const path = location.pathname + location.search
  document.cookie = markerLine({ stage: 'sent', path }, location.protocol === 'https:')
  return markerIn(document.cookie) !== undefined
}

/** In a browser: deletes the marker. @returns Whether there was one. */
export function unmark(): boolean {
  const isMarked = markerIn(document.cookie) !== undefined
  if (isMarked) document.cookie = markerLine(undefined, location.protocol === 'https:')
  return isMarked
}
