import { attempt } from './user-code.ts'

/** Fields that matter here, of which a class may have a getter that no list of its fields names. */
const TELLING = /token|expir|^scopes?$|^grant$|^provider|user_?id$|account_?id$|^_?id$|^type$/i

/**
 * The fields of an object as a plain object: what a `{ ...copy }` would lose.
 *
 * Mongoose, Sequelize and MikroORM keep the columns of a row behind getters of a prototype, and
 * classes do so with private fields. Values that are inherited without a getter are not read.
 *
 * @returns The object itself if it is plain already. Never throws for a getter that throws: the
 *   field is absent then.
 */
export function plainOf<T extends object>(value: T): T {
  if (Array.isArray(value) || (isPlain(value) && isReadable(value))) return value
  const model = modelFields(value)
  const plain = copyOf(model ?? value)
  for (const name of getterNames(value)) {
    if (model !== undefined && !Object.hasOwn(model, name) && !TELLING.test(name)) continue
    const member = attempt(() => (value as Record<string, unknown>)[name])
    if (member !== undefined) plain[name] = member
  }
  return plain as T
}

/** Whether `{ ...value }` has all its fields, and does not throw: a lazy relation may. */
function isReadable(value: object): boolean {
  const names = Object.keys(value)
  if (names.length < Object.getOwnPropertyNames(value).length) return false
  return attempt(() => names.map((name) => (value as Record<string, unknown>)[name])) !== undefined
}

/** The own fields that can be read, also those that are not enumerable and matter here. */
function copyOf(value: object): Record<string, unknown> {
  const hidden = Object.getOwnPropertyNames(value).filter((name) => TELLING.test(name))
  const names = new Set([...Object.keys(value), ...hidden])
  const fields = [...names].flatMap((name): [string, unknown][] => {
    const read = attempt(() => ({ member: (value as Record<string, unknown>)[name] }))
    return read === undefined ? [] : [[name, read.member]]
  })
  return Object.fromEntries(fields)
}

/** Whether an object is what `{}` or `JSON.parse` makes, in this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null
}

/** What a row says of its own columns: `toObject` (Mongoose), `get` (Sequelize). */
function modelFields(value: object): object | undefined {
  const { toObject, get } = value as { readonly toObject?: unknown; readonly get?: unknown }
  const fields = attempt((): unknown => {
    if (typeof toObject === 'function') return toObject.call(value)
    const isModel = typeof get === 'function' && 'dataValues' in value
    return isModel ? get.call(value, { plain: true }) : undefined
  })
  // A promise, of a model that loads its columns late, has none of them.
  return typeof fields === 'object' && fields !== null && !('then' in fields) ? fields : undefined
}

/** The names of the getters that an object inherits. */
function getterNames(value: object): Set<string> {
  const names = new Set<string>()
  let prototype: object | null = Object.getPrototypeOf(value)
  while (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (get !== undefined) names.add(name)
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  return names
}
