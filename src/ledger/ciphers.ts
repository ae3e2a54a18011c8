type Bytes = Uint8Array<ArrayBuffer>
type Soon<T> = T | Promise<T>

/** The algorithms that the sealer is made of. */
export interface Ciphers {
  /** HMAC-SHA-512 (RFC 2104): 64 bytes. */
  digest(key: Bytes, data: Bytes): Soon<Bytes>
  /** AES-256-GCM (NIST SP 800-38D): ciphertext, and a tag of 16 bytes behind it. */
  seal(key: Bytes, message: Message): Soon<Bytes>
  /** The other way. @throws For what was not sealed with this key and these parameters. */
  open(key: Bytes, message: Message): Soon<Bytes>
}

export interface Message {
  readonly iv: Bytes
  readonly additionalData: Bytes
  readonly body: Bytes
}

const TAG_LENGTH = 16

/** On the web's own API: every call is a job for another thread. */
export const webCiphers: Ciphers = {
  async digest(key, data) {
    const hmac = { name: 'HMAC', hash: 'SHA-512' }
    const hmacKey = await imports(key, hmac, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, data))
  },
  async seal(key, { iv, additionalData, body }) {
    const gcm = { name: 'AES-GCM', iv, additionalData }
    return new Uint8Array(await crypto.subtle.encrypt(gcm, await gcmKey(key), body))
  },
  async open(key, { iv, additionalData, body }) {
    const gcm = { name: 'AES-GCM', iv, additionalData }
    return new Uint8Array(await crypto.subtle.decrypt(gcm, await gcmKey(key), body))
  },
}

const imported = new WeakMap<Bytes, Promise<CryptoKey>>()

/** Once for as long as its holder holds the bytes: importing is a job, too. */
function imports(
  key: Bytes,
  algorithm: HmacImportParams | string,
  usages: KeyUsage[],
): Promise<CryptoKey> {
  const known = imported.get(key)
  if (known !== undefined) return known
  const made = crypto.subtle.importKey('raw', key, algorithm, false, usages)
  imported.set(key, made)
  return made
}

const gcmKey = (key: Bytes): Promise<CryptoKey> => imports(key, 'AES-GCM', ['encrypt', 'decrypt'])

type NodeCrypto = typeof import('node:crypto')

/** The same on Node's own module, which does it in a tenth of the time, at once. */
export function nodeCiphers({ createCipheriv, createDecipheriv, createHmac }: NodeCrypto): Ciphers {
  return {
    digest: (key, data) => plain(createHmac('sha512', key).update(data).digest()),
    seal(key, { iv, additionalData, body }) {
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(additionalData)
      const parts = [cipher.update(body), cipher.final(), cipher.getAuthTag()]
      return joined(parts)
    },
    open(key, { iv, additionalData, body }) {
      const end = body.byteLength - TAG_LENGTH
      if (end < 0) throw new RangeError('too short for a tag')
      const options = { authTagLength: TAG_LENGTH }
      const decipher = createDecipheriv('aes-256-gcm', key, iv, options)
      decipher.setAAD(additionalData).setAuthTag(body.subarray(end))
      return joined([decipher.update(body.subarray(0, end)), decipher.final()])
    },
  }
}

/** Copied out of Node's pool, where another's bytes lie beside. */
const plain = (bytes: Uint8Array): Bytes => new Uint8Array(bytes)

function joined(parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

/**
 * Node's, where there is one (Deno and Bun have it too), else the web's.
 *
 * Asked for at run time and through `globalThis`, so that nothing of it is bundled, and no edge
 * runtime's build takes offence.
 */
export function fastestCiphers(): Ciphers {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  const node = process?.getBuiltinModule?.('node:crypto')
  return node === undefined ? webCiphers : nodeCiphers(node)
}
