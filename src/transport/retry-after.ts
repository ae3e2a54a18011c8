const DAY_MS = 24 * 60 * 60 * 1000

/**
 * The wait that a server asks for (RFC 9110 §10.2.3): seconds, or a date.
 *
 * @param nowMs This host's wall clock, for a date.
 * @returns Milliseconds, 0 to 24 h. `undefined` for none, or one that cannot be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  const seconds = /^\d+(?:\.\d+)?$/.test(text)
  // A date begins with a day's name; `Date.parse` would also find one in '-5'.
  const isDate = /^[A-Z][a-z]{2}/.test(text)
  const ms = seconds ? Number(text) * 1000 : isDate ? Date.parse(text) - nowMs : NaN
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.round(ms), 0), DAY_MS)
}
