/**
 * Decodes a body: JSON, or a form where the answer says that it is one (or plain text, as old
 * servers do), whatever else its content type says.
 *
 * A JSON value tells by itself that it is whole; a form does not, so a broken off one is not read.
 *
 * @param whole Whether the body came to its end.
 * @returns `undefined` for what cannot be read.
 */
export function decodeBody(text: string, whole: boolean, contentType: string | null): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return whole || isRecord(value) ? value : undefined
  } catch {
    return whole && isForm(text, contentType)
      ? Object.fromEntries(new URLSearchParams(text))
      : undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isForm(text: string, contentType: string | null): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return /^[^<{[]+=/.test(text)
  return type === 'text/plain' && /^\w+=[^<\s]*$/.test(text)
}
