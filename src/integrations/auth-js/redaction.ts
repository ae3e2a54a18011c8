import { attempt } from '../../core/user-code.ts'

/** Fields with these names are removed whatever their value is. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['refreshtoken', 'sessiontoken'])

/** A shorter secret must equal the whole text: within other texts it would be found by chance. */
const PART_MIN_LENGTH = 16

/** No session is deeper. Values below this depth are dropped. */
const DEPTH_MAX = 20

/** No session has more members. What lies beyond is not searched and therefore dropped. */
const MEMBERS_MAX = 20_000

/** No session has more bytes in one member. What lies beyond is not searched. */
const BYTES_MAX = 1024 * 1024

export const TOO_LARGE =
  'the session is too large or too deep to be searched for tokens: a part of it is left out'

/** A container in the value, as JSON would show it. */
interface Container {
  readonly depth: number
  /** What a copy of it is made of. `dropped`: it is not shown at all. */
  kind: 'object' | 'list' | 'map' | 'set' | 'dropped'
  /** Its members without those that must not be shown. */
  members: (readonly [name: string, member: unknown])[]
  readonly holders: Set<object>
  isChanged: boolean
}

/**
 * Removes secrets from a value, under whatever name they are, and every field that is called a
 * refresh token. A text that contains a secret is dropped whole.
 *
 * What JSON would show is searched (`toJSON` is obeyed), and maps and sets, which React also hands
 * to the browser. Every object is visited once. One that needs no change stays the same object.
 *
 * @returns The value, whose outermost object is plain. `isWhole`: nothing was too large.
 */
export function redacted(
  value: unknown,
  secrets: readonly string[],
): { readonly value: unknown; readonly isWhole: boolean } {
  const encoded = secrets.map((each) => attempt(() => encodeURIComponent(each)) ?? each)
  const texts = [...new Set([...secrets, ...encoded])].filter((each) => each !== '')
  const isSecret = (text: string): boolean =>
    texts.some((each) => text === each || (each.length >= PART_MIN_LENGTH && text.includes(each)))
  const root = attempt(() => jsonOf(value))?.value
  if (typeof root === 'string') return { value: isSecret(root) ? undefined : root, isWhole: true }
  if (!isContainer(root)) return { value: root, isWhole: true }
  const found = attempt(() => search(root, isSecret))
  // Something in it cannot even be looked through.
  if (found === undefined) return { value: undefined, isWhole: false }
  const { containers, isWhole } = found
  cutCycles(root, containers)
  return { value: rebuilt(root, containers), isWhole }
}

/** Looks at every container once, breadth first. */
function search(
  root: object,
  isSecret: (text: string) => boolean,
): { readonly containers: ReadonlyMap<object, Container>; readonly isWhole: boolean } {
  const containers = new Map<object, Container>([[root, containerAt(0)]])
  let isWhole = true
  let count = 0
  for (const [object, container] of containers) {
    const shown = object === root ? { value: root } : attempt(() => jsonOf(object))
    const json = shown?.value
    const isSpelled = textsOf(object).some(isSecret) || (typeof json === 'string' && isSecret(json))
    if (shown === undefined || isSpelled) {
      container.kind = 'dropped'
      container.isChanged = true
      continue
    }
    if (!isContainer(json) || ArrayBuffer.isView(object)) continue
    container.kind = kindOf(json)
    for (const [name, member] of membersOf(json)) {
      count += 1
      const isOver = count > MEMBERS_MAX || (isContainer(member) && container.depth >= DEPTH_MAX)
      if (isOver) isWhole = false
      const isNamed = container.kind !== 'list' && isSecretName(name)
      const isText = typeof member === 'string' && isSecret(member)
      // JSON has asked it already, and would ask a copy once more.
      const isAsked = name === 'toJSON' && typeof member === 'function'
      if (isOver || isNamed || isText || isAsked || isSecret(name) || member === UNREADABLE) {
        container.isChanged = true
        if (count > MEMBERS_MAX) break
        continue
      }
      container.members.push([name, member])
      if (!isContainer(member)) continue
      const known = containers.get(member)
      const found = known ?? containerAt(container.depth + 1)
      if (known === undefined) containers.set(member, found)
      found.holders.add(object)
    }
  }
  return { containers, isWhole }
}

/** Removes the members that lead back to a container around them: JSON would throw there. */
function cutCycles(root: object, containers: ReadonlyMap<object, Container>): void {
  const around = new Set<unknown>([root])
  const done = new Set<unknown>()
  const stepInto = (object: object): Step => ({ object, at: 0, kept: [] })
  const path = [stepInto(root)]
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const container = containers.get(last.object)!
    const entry = container.members[last.at]
    last.at += 1
    if (entry === undefined) {
      container.isChanged ||= last.kept.length < container.members.length
      container.members = last.kept
      around.delete(last.object)
      done.add(last.object)
      path.pop()
      continue
    }
    const [, member] = entry
    if (around.has(member)) continue
    last.kept.push(entry)
    if (!isContainer(member) || done.has(member)) continue
    around.add(member)
    path.push(stepInto(member))
  }
}

/** A container on the path from the root, and how far its members were looked at. */
interface Step {
  readonly object: object
  at: number
  readonly kept: Container['members']
}

/** Copies every container that must change, or holds one that must. */
function rebuilt(root: object, containers: ReadonlyMap<object, Container>): unknown {
  const copies = new Map<unknown, unknown>()
  const waiting = [...containers].flatMap(([object, { isChanged }]) => (isChanged ? [object] : []))
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (copies.has(object)) continue
    const { kind, holders } = containers.get(object)!
    copies.set(object, EMPTY[kind]())
    waiting.push(...holders)
  }
  if (!copies.has(root)) return root
  // A map takes its pairs when they are complete.
  const isMap = (each: Container): number => Number(each.kind === 'map')
  const changed = [...containers].filter(([object]) => copies.has(object))
  for (const [object, container] of changed.toSorted(([, a], [, b]) => isMap(a) - isMap(b))) {
    for (const [name, member] of container.members) {
      const next = copies.has(member) ? copies.get(member) : member
      if (next !== undefined || member === undefined) add(copies.get(object), name, next)
    }
  }
  return copies.get(root)
}

const EMPTY: Readonly<Record<Container['kind'], () => unknown>> = {
  object: () => ({}),
  list: () => [],
  map: () => new Map(),
  set: () => new Set(),
  dropped: () => undefined,
}

function add(copy: unknown, name: string, member: unknown): void {
  if (Array.isArray(copy)) copy.push(member)
  else if (copy instanceof Set) copy.add(member)
  else if (copy instanceof Map) {
    const pair = member as readonly unknown[]
    if (pair.length === 2) copy.set(pair[0], pair[1])
  } else if (typeof copy === 'object' && copy !== null) {
    // Assigning to `__proto__` would set the prototype.
    const property = { value: member, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(copy, name, property)
  }
}

function containerAt(depth: number): Container {
  return { depth, kind: 'object', members: [], holders: new Set(), isChanged: false }
}

const UNREADABLE = Symbol('a member that must not be shown, or whose getter throws')

function* membersOf(json: object): Generator<readonly [name: string, member: unknown]> {
  switch (kindOf(json)) {
    case 'map':
      for (const [key, value] of json as Map<unknown, unknown>) {
        const isNamed = typeof key === 'string' && isSecretName(key)
        yield ['', isNamed ? UNREADABLE : [key, value]]
      }
      return
    case 'set':
      for (const member of json as Set<unknown>) yield ['', member]
      return
    case 'list':
      for (const member of json as unknown[]) yield ['', member]
      return
    default:
      for (const name of Object.keys(json)) {
        const read = attempt(() => ({ value: (json as Record<string, unknown>)[name] }))
        yield [name, read === undefined ? UNREADABLE : read.value]
      }
  }
}

function kindOf(json: object): 'object' | 'list' | 'map' | 'set' {
  if (Array.isArray(json)) return 'list'
  const tag = Object.prototype.toString.call(json)
  return tag === '[object Map]' ? 'map' : tag === '[object Set]' ? 'set' : 'object'
}

/**
 * The texts in objects that JSON shows as `{}` or as numbers, and that React hands to the browser
 * all the same: bytes, and the entries of `Headers`, `FormData` and `URLSearchParams`.
 */
function textsOf(object: object): readonly string[] {
  if (ArrayBuffer.isView(object)) {
    return [decode(object.buffer, object.byteOffset, object.byteLength)]
  }
  const tag = Object.prototype.toString.call(object)
  if (/^\[object (?:Shared)?ArrayBuffer\]$/.test(tag)) return [decode(object as ArrayBuffer)]
  if (!/^\[object (?:Headers|FormData|URLSearchParams)\]$/.test(tag)) return []
  return attempt(() => [...(object as Iterable<[unknown, unknown]>)].flat().map(String)) ?? []
}

function decode(buffer: ArrayBufferLike, at = 0, length = buffer.byteLength): string {
  return new TextDecoder().decode(new Uint8Array(buffer, at, Math.min(length, BYTES_MAX)).slice())
}

/** What JSON writes for a value: what its `toJSON` says, and a wrapped text as a text. */
function jsonOf(value: unknown): { readonly value: unknown } {
  if (typeof value !== 'object' || value === null) return { value }
  const { toJSON } = value as { readonly toJSON?: unknown }
  const json: unknown = typeof toJSON === 'function' ? toJSON.call(value, '') : value
  const isText = Object.prototype.toString.call(json) === '[object String]'
  return { value: isText ? String(json) : json }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[_-]/g, ''))
}
