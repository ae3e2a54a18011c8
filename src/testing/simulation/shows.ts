import { format } from 'node:util'

/** Whether a value shows a text, however it is printed: by JSON, by a template, by an inspector. */
export function shows(value: object, text: string): boolean {
  // A stack says no more than the message, and takes long to be made.
  const own = Reflect.ownKeys(value).filter((name) => name !== 'stack')
  const members = own.map((name) => (value as Record<PropertyKey, unknown>)[name])
  // What JSON prints, what a template prints, and what is hidden from both.
  const printed = [
    JSON.stringify(value),
    ''.concat(value as unknown as string),
    format('%j', members),
  ]
  return printed.some((each) => each.includes(text))
}
