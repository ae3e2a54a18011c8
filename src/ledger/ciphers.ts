import type { Bytes } from '../core/text.ts'
type Soon<T> = T | Promise<T>

/** The algorithms that the sealer is made of. */
export interface Ciphers {
  /** HMAC-SHA-512 (RFC 2104): 64 bytes. */
  digest(key: Bytes, data: Bytes): Soon<Bytes>
  /** AES-256-GCM (NIST SP 800-38D): ciphertext, and a tag of 16 bytes behind it. */
  seal(key: Bytes, message: CipherMessage): Soon<Bytes>
  /** The other way. @throws For what was not sealed with this key and these parameters. */
  open(key: Bytes, message: CipherMessage): Soon<Bytes>
}

export interface CipherMessage {
  readonly iv: Bytes
  readonly additionalData: Bytes
  readonly body: Bytes
}

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
