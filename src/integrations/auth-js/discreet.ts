/** Names under which a secret stands whatever its value. */
const NAMES: ReadonlySet<string> = new Set(['refresh_token', 'refreshToken', 'sessionToken'])

/** Shorter ones are looked for as whole texts: within others they would be found by chance. */
const PART_MIN_LENGTH = 16

/** Deeper than any session. What lies there is dropped. */
const DEPTH_MAX = 20

/** Something that may be shown, or nothing. */
type Shown = { readonly value: unknown } | undefined

/**
 * A value as it may be shown: without the secrets, by whatever name, and without whatever is called
 * a refresh token. A text that contains a secret is dropped whole. What holds none stays the very
 * same object.
 */
export function discreet(value: unknown, secrets: readonly string[]): unknown {
  return shown(value, secrets, 0)?.value
}

function shown(value: unknown, secrets: readonly string[], depth: number): Shown {
  if (typeof value === 'string') return isSecret(value, secrets) ? undefined : { value }
  if (typeof value !== 'object' || value === null || value instanceof Date) return { value }
  if (depth > DEPTH_MAX) return undefined
  if (Array.isArray(value)) {
    const entries = value.map((each: unknown) => shown(each, secrets, depth + 1))
    const isSame = entries.every((entry, index) => entry && entry.value === value[index])
    return { value: isSame ? value : entries.flatMap((entry) => (entry ? [entry.value] : [])) }
  }
  const entries = Object.entries(value).map(([name, member]) => {
    const entry = NAMES.has(name) ? undefined : shown(member, secrets, depth + 1)
    return { name, member: member as unknown, entry }
  })
  if (entries.every(({ member, entry }) => entry && entry.value === member)) return { value }
  const rest = entries.flatMap(({ name, entry }) => (entry ? [[name, entry.value] as const] : []))
  return { value: Object.fromEntries(rest) }
}

function isSecret(text: string, secrets: readonly string[]): boolean {
  return secrets.some(
    (secret) => text === secret || (secret.length >= PART_MIN_LENGTH && text.includes(secret)),
  )
}
