import { isAccident, isRecord } from './text.ts'

/** What the value of one option may be. */
export interface Kind {
  /** What to write, as the end of "write …". */
  readonly write: string
  /** Whether it is missing where it is left out. */
  readonly isNeeded?: boolean
  /**
   * `false`: it is of another kind. A text: what is wrong with it, as the rest of a sentence. A
   * table: it is a group of these options.
   */
  fits(value: unknown, name: string): boolean | string | OptionTable
}

/**
 * The options of one object by name: a kind, the table of a group, or, for a name that is no
 * option, a text that says what to write instead.
 */
export interface OptionTable {
  readonly [name: string]: Kind | OptionTable | string
}

/** A table that knows all options of a type: without a new one it does not compile. */
export type TableOf<T> = OptionTable & {
  readonly [K in keyof Required<T>]: Kind | OptionTable
}

/**
 * Checks what a factory was given, also in plain JavaScript: a misspelt option would have no
 * effect, a value of another kind an unforeseen one, and nothing would say so. No value is printed
 * but a number, and a plain word where one of some words belongs.
 *
 * @param factory Begins the message: `memoryStore`.
 * @throws {TypeError} Names the first option that is wrong, and says what to write instead.
 */
export function checkOptions(factory: string, given: unknown, table: OptionTable): void {
  const fault = faultOf(given, table, '')
  if (fault !== undefined) throw new TypeError(`${factory}: ${fault}`)
}

function faultOf(given: unknown, table: OptionTable, path: string): string | undefined {
  const names = Object.keys(table).filter((name) => typeof table[name] !== 'string')
  if (!isRecord(given) || isPromise(given)) {
    const example = `{ ${names.join(', ')} }`
    return `${path || 'the argument'} ${wrong(given, path ? `${path}: ${example}` : example)}`
  }
  const prefix = path && `${path}.`
  for (const name of isPlain(given) ? Object.keys(given) : []) {
    if (names.includes(name)) continue
    const said = Object.hasOwn(table, name) && `write ${table[name] as string}`
    return `${prefix}${name} is no option: ${said || meant(name, names)}`
  }
  for (const name of names) {
    const fault = faultIn(table[name] as Kind | OptionTable, given[name], prefix, name)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** An instance of a class, such as a storage, may have members of its own. */
function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function faultIn(
  kind: Kind | OptionTable,
  value: unknown,
  prefix: string,
  name: string,
): string | undefined {
  const path = prefix + name
  if (!isKind(kind)) return faultOf(value === undefined ? {} : value, kind, path)
  const { write, isNeeded = false } = kind
  const found = value === undefined ? !isNeeded : kind.fits(value, name)
  if (typeof found === 'object') return faultOf(value, found, path)
  return found === true ? undefined : `${path} ${found || wrong(value, write)}`
}

function isKind(kind: Kind | OptionTable): kind is Kind {
  return typeof kind['fits'] === 'function'
}

/** What a value is, and what to write. It never prints the value, which may be a secret. */
export function wrong(value: unknown, write: string): string {
  if (typeof value === 'function') return `is a function, not what it returns: write ${write}`
  return isPromise(value) ? 'is a promise: await it' : `is ${nameOf(value)}: write ${write}`
}

function isPromise(value: unknown): boolean {
  return isRecord(value) && typeof value['then'] === 'function'
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (ArrayBuffer.isView(value)) return 'bytes, no text'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What to say of a name that is none: the one that was meant, else all that there are. */
export function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`
}

/** The name that was meant, as far as one can tell. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase()
  const steps = known.map((each) => {
    const other = each.toLowerCase()
    return given.length > 2 && other.includes(given) ? 1 : stepsBetween(given, other)
  })
  const least = Math.min(...steps)
  return least <= Math.max(2, given.length / 3) ? known[steps.indexOf(least)] : undefined
}

/** The edits of one character that lead from one name to the other. */
function stepsBetween(one: string, other: string): number {
  const letters = Array.from(other)
  let row = ['', ...letters].map((_, at) => at)
  for (const letter of one) {
    let last = row[0]! + 1
    const next = letters.map((each, at) => {
      last = Math.min(last + 1, row[at + 1]! + 1, row[at]! + (each === letter ? 0 : 1))
      return last
    })
    row = [row[0]! + 1, ...next]
  }
  return row.at(-1)!
}

export const kind = (write: string, fits: Kind['fits']): Kind => ({ write, fits })

/** A value that must be there. */
export const needed = (kind: Kind, write = kind.write): Kind => ({ ...kind, write, isNeeded: true })

/** A kind, or what `also` takes. */
export const or = (first: Kind, write: string, also: Kind['fits']): Kind =>
  kind(`${first.write}, or ${write}`, (value, name) => {
    return also(value, name) || first.fits(value, name)
  })

/** What code and shells write for a variable that is not there. */
const isUnfilled = (text: string): boolean => isAccident(text) || /^\$\{[\w.:-]+\}$/.test(text)

/** A text that is not empty, on one line. */
export const text = (
  write = 'a text',
  fits: (value: string) => boolean | string = () => true,
): Kind =>
  kind(write, (value) => {
    if (typeof value !== 'string' || value === '') return false
    if (isUnfilled(value)) return "holds 'undefined' or the like: was the variable there?"
    // Pasted with it, or read with its file.
    return /^\s|\s$|[\p{Cc}\p{Cf}]/u.test(value)
      ? 'has a line break, an invisible sign, or a space at an end: write it without'
      : fits(value)
  })

/** An object whose members are of one kind. */
export const each = (member: Kind): Kind =>
  kind('an object', (value) => {
    if (!isRecord(value)) return false
    return Object.fromEntries(Object.keys(value).map((name) => [name, member]))
  })

/** One of some words. A word that may be a secret is not printed. */
export const oneOf = (...words: readonly string[]): Kind => {
  const write = words.map((word) => `'${word}'`).join(' or ')
  return kind(write, (value) => {
    if (typeof value !== 'string') return false
    const near = nearest(value, words)
    if (near === undefined && !/^[a-z_ -]{1,16}$/i.test(value)) return false
    return (
      words.includes(value) ||
      `is '${value}': ${near ? `did you mean '${near}'? ` : ''}write ${write}`
    )
  })
}

/** A number, which is printed if it is a wrong one. */
export const number = (write: string, fits: (value: number) => boolean): Kind =>
  kind(write, (value) => {
    return typeof value === 'number' && (fits(value) || `is ${value}: write ${write}`)
  })

/** An object with some methods. */
export const having = (write: string, ...methods: readonly string[]): Kind =>
  kind(write, (value) => {
    if (typeof value !== 'object' || value === null) return false
    return methods.every((method) => typeof Reflect.get(value, method) === 'function')
  })

export const isAbove0 = (value: number): boolean => value > 0 && value < Infinity

// The comments let a bundler leave out what is not used.

export const boolean = /* @__PURE__ */ kind('true or false', (value) => typeof value === 'boolean')

export const func = /* @__PURE__ */ kind('a function', (value) => typeof value === 'function')

/** A duration. */
export const ms = /* @__PURE__ */ number(
  'milliseconds, 0 or more',
  (value) => value === 0 || isAbove0(value),
)

/** A duration that cannot be 0. */
export const msAbove0 = /* @__PURE__ */ number('milliseconds above 0', isAbove0)

export const count = /* @__PURE__ */ number(
  'a whole number above 0',
  (value) => isAbove0(value) && Number.isSafeInteger(value),
)

export const clock = /* @__PURE__ */ having(
  'a Clock',
  'now',
  'monotonic',
  'setTimeout',
  'clearTimeout',
)

export const random = /* @__PURE__ */ having('a Random', 'bytes', 'fraction')
