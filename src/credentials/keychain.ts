import { isRecord, toBase64url } from '../core/text.ts'
import type { Random } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { JsonObject } from './codec.ts'

/** One entry of the keychain of the system: `AsyncEntry` of `@napi-rs/keyring` is such a class. */
export type KeychainEntry = new (
  service: string,
  username: string,
) => {
  getPassword(): Promise<string | null | undefined>
  setPassword(password: string): Promise<void>
  deletePassword(): Promise<boolean>
}

/** Token sets in the keychain; the file says which entry counts. */
export interface Keychain {
  /**
   * Writes a set beside the one that counts.
   *
   * @param fields What the file says now. @returns What it is to say, so that the new one counts.
   */
  write(key: string, tokens: TokenSet, fields: JsonObject | undefined): Promise<JsonObject>
  /** @returns `undefined`, if the entry is gone, or is being written by another process. */
  read(key: string, fields: JsonObject): Promise<TokenSet | undefined>
  /** Takes entries away of which the file does not say that they count. */
  forget(key: string, fields: JsonObject): Promise<void>
}

/** The keychain of Windows takes 2,560 bytes an entry, two for each character. */
const CHARACTERS_MAX = process.platform === 'win32' ? 1_000 : Infinity

const PARTS_MAX = 100

interface Pointer {
  readonly slot: 'a' | 'b'
  readonly id: string
  readonly parts: number
}

/**
 * A set is written into the slot that does not count, then the file names it by one rename. So a
 * process may be killed at any point, and no entry is left that is never written over.
 *
 * @param name Tells the entries of one file from those of another.
 */
export function keychain(
  Entry: KeychainEntry,
  service: string,
  name: string,
  random: Random,
): Keychain {
  const entry = (key: string, slot: string, part: number) =>
    new Entry(service, `${name} ${key} ${slot}${part}`)

  async function clear(key: string, { slot, parts }: Pick<Pointer, 'slot' | 'parts'>) {
    for (let part = 0; part < parts; part += 1) await entry(key, slot, part).deletePassword()
  }

  return {
    async write(key, tokens, fields) {
      const before = pointerIn(fields)
      const slot = before?.slot === 'a' ? 'b' : 'a'
      const id = toBase64url(random.bytes(9))
      const text = JSON.stringify(tokens)
      const step = Math.min(CHARACTERS_MAX, text.length)
      const parts = Math.ceil(text.length / step)
      for (let part = 0; part < parts; part += 1) {
        const piece = text.slice(part * step, (part + 1) * step)
        await entry(key, slot, part).setPassword(`${id} ${piece}`)
      }
      return { keychain: { slot, id, parts } }
    },
    async read(key, fields) {
      const pointer = pointerIn(fields)
      if (pointer === undefined) return undefined
      const pieces: string[] = []
      for (let part = 0; part < pointer.parts; part += 1) {
        const password = await entry(key, pointer.slot, part).getPassword()
        if (!password?.startsWith(`${pointer.id} `)) return undefined
        pieces.push(password.slice(pointer.id.length + 1))
      }
      return JSON.parse(pieces.join('')) as TokenSet
    },
    async forget(key, fields) {
      const pointer = pointerIn(fields)
      if (pointer !== undefined) await clear(key, pointer)
    },
  }
}

function pointerIn(fields: JsonObject | undefined): Pointer | undefined {
  const pointer = fields?.['keychain']
  if (!isRecord(pointer)) return undefined
  const { slot, id, parts } = pointer
  if ((slot !== 'a' && slot !== 'b') || typeof id !== 'string') return undefined
  return typeof parts === 'number' && parts > 0 && parts <= PARTS_MAX
    ? { slot, id, parts }
    : undefined
}
