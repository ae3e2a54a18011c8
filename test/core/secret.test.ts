import { Console } from 'node:console'
import { PassThrough } from 'node:stream'
import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { RefreshError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'

const TOKEN = 'rt-7d1e0c9a5b'

/** Every way to print a value that people use, each with the value at several depths. */
const PRINTERS: Readonly<Record<string, (value: unknown) => string>> = {
  'JSON.stringify': (value) => JSON.stringify(value),
  'String()': (value) => String(value),
  'a template string': (value) => `a token: ${value as string}`,
  concatenation: (value) => 'a token: ' + (value as string),
  'util.inspect': (value) => inspect(value),
  'util.inspect showing hidden': (value) => inspect(value, { showHidden: true, depth: Infinity }),
  'util.inspect without our hook': (value) =>
    inspect(value, { customInspect: false, showHidden: true, depth: Infinity, getters: true }),
  'util.inspect at depth 0': (value) => inspect(value, { depth: 0 }),
  'util.format': (value) => format('%s %o %O %j', value, value, value, value),
  'console.log': (value) => printed((console) => console.log(value, value)),
  'console.error of an error': (value) =>
    printed((console) => console.error(Object.assign(new Error('with detail'), { value }))),
  'console.dir': (value) => printed((console) => console.dir(value, { showHidden: true })),
  'console.table': (value) => printed((console) => console.table([value])),
  'the cause of an error': (value) => inspect(new Error('with cause', { cause: value })),
  'our error, cast': (value) =>
    inspect(new RefreshError('lost', { cause: value, token: value } as object), { depth: 9 }),
  structuredClone: (value) => inspect(structuredClone(value), { showHidden: true, depth: 9 }),
  spread: (value) => JSON.stringify({ ...(value as object) }),
  'own keys': (value) =>
    Reflect.ownKeys(value as object)
      .map(String)
      .join(),
  entries: (value) => JSON.stringify(Object.entries(value as object)),
}

describe('Secret', () => {
  it.each(Object.entries(PRINTERS))('shows nothing of the token through %s', (_name, print) => {
    const secret = new Secret(TOKEN)

    const outputs = [secret, { a: { b: { c: { secret } } } }, [[secret]]].map(print)

    expect(outputs.join('\n')).not.toContain(TOKEN)
    expect(outputs.join('\n')).not.toContain(TOKEN.slice(0, 6))
  })

  it('shows nothing as a key or value of a Map, or in a Set', () => {
    const secret = new Secret(TOKEN)

    const output = inspect([new Map([[secret, secret]]), new Set([secret])], { depth: 9 })

    expect(output).not.toContain(TOKEN)
    expect(output).toContain('[secret]')
  })

  it('shows nothing in the message of what it makes others throw', () => {
    const secret = new Secret(TOKEN)

    expect(() => (secret as unknown as () => void)()).toThrow(TypeError)
    expect(() => (secret as unknown as () => void)()).not.toThrow(TOKEN)
    expect(() => JSON.parse(secret as unknown as string) as unknown).not.toThrow(TOKEN)
  })

  it('prints its fingerprint once it has one', () => {
    const secret = new Secret(TOKEN)

    secret.nameAs('c0ffee')

    expect(`${String(secret)} ${JSON.stringify({ secret })} ${inspect({ secret })}`).toBe(
      '[secret c0ffee] {"secret":"[secret c0ffee]"} { secret: [secret c0ffee] }',
    )
    expect(secret.fingerprint).toBe('c0ffee')
  })

  it('gives the token to whoever asks for it by name', () => {
    expect(new Secret(TOKEN).expose()).toBe(TOKEN)
  })

  it('compares tokens, not objects', () => {
    const secret = new Secret(TOKEN)

    expect(secret.equals(new Secret(TOKEN))).toBe(true)
    expect(secret.equals(new Secret(`${TOKEN}.`))).toBe(false)
    expect(secret.equals(undefined)).toBe(false)
  })
})

function printed(print: (console: Console) => void): string {
  const stream = new PassThrough()
  print(new Console(stream, stream))
  return String(stream.read())
}
