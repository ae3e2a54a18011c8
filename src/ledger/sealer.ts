import { toBase64url } from '../core/text.ts'
import type { Bytes } from '../core/text.ts'
import { systemRandom, type Random } from '../core/random.ts'
import type { Secret } from '../core/secret.ts'
import type { Naming } from './configuration.ts'
import { webCiphers, type Ciphers } from './ciphers.ts'
import { nodeCiphers } from './node-ciphers.ts'
import { keyIdOf } from './protocol/index.ts'

/** What a row of a secret is kept under, and what opens it. */
export interface RowKeys {
  /** The row's key: `ro1-` and 48 lowercase hexadecimal digits, safe in any store or file name. */
  readonly key: string
  /** Names the secret in logs: 8 characters of base64url. */
  readonly fingerprint: string
  /** @param version The version that the row has once the value is written. */
  seal(plain: Bytes, version: number): Promise<Bytes>
  /** @returns `undefined` for a value that was not sealed for this row, at this version. */
  open(sealed: Uint8Array, version: number): Promise<Bytes | undefined>
}

/** Everything the ledger asks of cryptography. A simulator passes its own. */
export interface Sealer {
  /** Also names the secret by its fingerprint. */
  derive(domain: 'claim' | 'grant' | 'handle', secret: Secret): Promise<RowKeys>
  /**
   * Proves that the ledger has handed out a generation of a chain with this refresh token.
   *
   * @param key Of the chain. It lies in the grant row, which no holder can read.
   */
  prove(key: string, generation: number, refreshToken: Secret): Promise<string>
  /** The key of the ledger's configuration row, and a digest that tells peppers apart. */
  configuration(): Promise<{ readonly key: string; readonly check: string }>
}

export interface SealerOptions extends Naming {
  readonly random?: Random
  /** Default: Node's where there are, else the web's. */
  readonly ciphers?: Ciphers
}

/** The first byte of every sealed value, and the format that the configuration row names. */
export const FORMAT = 1

/** RFC 5116 §5.3. Random: one key seals one row, which is written some thousand times at most. */
const IV_LENGTH = 12
const HEADER_LENGTH = 1 + IV_LENGTH

/** 104 bits, behind the 24 that name the key: 22 characters, which no process guesses by asking. */
const PROOF_LENGTH = 13

/**
 * Where the 64 bytes of HMAC-SHA-512 (RFC 2104) go. Measured against HKDF-SHA-256 it takes one call
 * instead of two. Within a major version nothing here ever changes: test/ledger/golden.json.
 */
const SPLIT = { sealing: [0, 32], key: [32, 56], fingerprint: [56, 62] } as const

/**
 * Derives keys from secret, pepper and ledger name. Never from format, issuer, client or provider:
 * two spellings of one configuration must meet in one row.
 *
 * @throws {TypeError} For a pepper that is too short to keep a secret, or a ledger without name.
 */
export function createSealer({
  pepper = '',
  ledger = 'default',
  random = systemRandom,
  ciphers = nodeCiphers() ?? webCiphers,
}: SealerOptions = {}): Sealer {
  const keyed = encode('refresh-once', ledger, pepper)
  const unkeyed = encode('refresh-once', ledger, '')
  return {
    async derive(domain, secret) {
      const digest = await ciphers.digest(keyed, encode(domain, secret.expose()))
      const key = rowKey(digest)
      const fingerprint = toBase64url(part(digest, 'fingerprint'))
      secret.nameAs(fingerprint)
      return { key, fingerprint, ...box(key, part(digest, 'sealing'), ciphers, random) }
    },
    async prove(key, generation, refreshToken) {
      const about = encode('proof', key, `${generation}`, refreshToken.expose())
      const digest = await ciphers.digest(keyed, about)
      return keyIdOf(key) + toBase64url(digest.slice(0, PROOF_LENGTH))
    },
    async configuration() {
      const open = await ciphers.digest(unkeyed, encode('configuration'))
      const closed = await ciphers.digest(keyed, encode('pepper'))
      return { key: rowKey(open), check: toBase64url(part(closed, 'key')) }
    },
  }
}

/** One AES-256-GCM message: format, iv, ciphertext and tag. */
function box(
  key: string,
  sealing: Bytes,
  ciphers: Ciphers,
  random: Random,
): Pick<RowKeys, 'seal' | 'open'> {
  const about = (version: number): Bytes => encode(`${FORMAT}`, key, `${version}`)
  return {
    async seal(body, version) {
      const iv = new Uint8Array(random.bytes(IV_LENGTH))
      const sealed = await ciphers.seal(sealing, { iv, additionalData: about(version), body })
      const value = new Uint8Array(HEADER_LENGTH + sealed.byteLength)
      value[0] = FORMAT
      value.set(iv, 1)
      value.set(sealed, HEADER_LENGTH)
      return value
    },
    async open(sealed, version) {
      if (sealed[0] !== FORMAT) return undefined
      const value = new Uint8Array(sealed)
      const iv = value.subarray(1, HEADER_LENGTH)
      const body = value.subarray(HEADER_LENGTH)
      try {
        return await ciphers.open(sealing, { iv, additionalData: about(version), body })
      } catch {
        return undefined
      }
    },
  }
}

function part(digest: Uint8Array, name: keyof typeof SPLIT): Bytes {
  return digest.slice(...SPLIT[name])
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Hexadecimal, because some stores and file systems do not tell `a` from `A`. */
function rowKey(digest: Uint8Array): string {
  let key = 'ro1-'
  for (const byte of part(digest, 'key')) key += HEX[byte]!
  return key
}

const encoder = new TextEncoder()

/** Texts as bytes, each behind its length: no two lists of texts look the same. */
function encode(...texts: string[]): Bytes {
  // UTF-8 has three bytes at most for each unit of UTF-16.
  const longest = texts.reduce((length, text) => length + 4 + 3 * text.length, 0)
  const bytes = new Uint8Array(longest)
  const lengths = new DataView(bytes.buffer)
  let end = 0
  for (const text of texts) {
    const { written } = encoder.encodeInto(text, bytes.subarray(end + 4))
    lengths.setUint32(end, written)
    end += 4 + written
  }
  return bytes.subarray(0, end)
}
