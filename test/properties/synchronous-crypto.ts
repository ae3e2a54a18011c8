import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

/** What the sealer asks of WebCrypto; a key is its bytes. */
interface Key {
  readonly bytes: Uint8Array
}

const TAG_LENGTH = 16

/**
 * The sealer's algorithms without WebCrypto's threads: one seed then gives one order of steps. They
 * are the same algorithms: the real sealer opens what is sealed here.
 *
 * @returns Puts WebCrypto back.
 */
export function useSynchronousCrypto(): () => void {
  users += 1
  const standIns: Partial<Record<keyof SubtleCrypto, unknown>> = {
    importKey: async (_format: string, bytes: Uint8Array): Promise<Key> => ({
      bytes: new Uint8Array(bytes),
    }),
    sign: async (_algorithm: string, key: Key, data: Uint8Array) =>
      new Uint8Array(createHmac('sha512', key.bytes).update(data).digest()).buffer,
    encrypt: async ({ iv, additionalData }: AesGcmParams, key: Key, plain: Uint8Array) => {
      const cipher = createCipheriv('aes-256-gcm', key.bytes, iv as Uint8Array)
      cipher.setAAD(additionalData as Uint8Array)
      const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return new Uint8Array(body).buffer
    },
    decrypt: async ({ iv, additionalData }: AesGcmParams, key: Key, sealed: Uint8Array) => {
      const end = sealed.byteLength - TAG_LENGTH
      const cipher = createDecipheriv('aes-256-gcm', key.bytes, iv as Uint8Array)
      cipher.setAAD(additionalData as Uint8Array)
      cipher.setAuthTag(sealed.subarray(end))
      const plain = Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()])
      return new Uint8Array(plain).buffer
    },
  }
  const { subtle } = crypto
  for (const [name, value] of Object.entries(standIns)) {
    Object.defineProperty(subtle, name, { value, configurable: true })
  }
  return () => {
    users -= 1
    if (users > 0) return
    for (const name of Object.keys(standIns)) Reflect.deleteProperty(subtle, name)
  }
}

/** A test that ran out of time may still be at it when the next one begins. */
let users = 0
