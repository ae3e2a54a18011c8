import { Secret } from '../../src/core/secret.ts'

const known = new WeakMap<object, string>()

/**
 * A value as text, the same for equal values. Remembered per object: everything here is immutable,
 * and a step changes little of a world.
 */
export function keyOf(value: object): string {
  let key = known.get(value)
  if (key === undefined) {
    key = write(value)
    known.set(value, key)
  }
  return key
}

function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Secret) return value.expose()
  if (value instanceof Map) return `{${[...value].map(([k, v]) => `${k}:${write(v)}`).join()}}`
  if (Array.isArray(value)) return `[${value.map((item) => sub(item)).join()}]`
  let text = '{'
  for (const name of Object.keys(value).toSorted()) {
    const member = (value as Record<string, unknown>)[name]
    if (member !== undefined && typeof member !== 'function') text += `${name}:${sub(member)},`
  }
  return text + '}'
}

function sub(value: unknown): string {
  return typeof value === 'object' && value !== null ? keyOf(value) : String(value)
}
