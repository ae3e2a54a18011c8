import { toBase64url } from '../../core/base64url.ts'
import type { Random } from '../../core/random.ts'
import type { Wire } from './description.ts'
import type { Mint } from './grants.ts'

const encoder = new TextEncoder()

export interface MintOptions {
  readonly random: Random
  readonly accessToken: Wire['accessToken']
  readonly now: () => number
  /** Stands in every token, so that one is recognised wherever it turns up. Default: nothing. */
  readonly mark?: string
}

/** Makes tokens that cannot be guessed; access tokens that tell their expiry where it is wanted. */
export function minting({ random, accessToken, now, mark = '' }: MintOptions): Mint {
  return (kind, _name, expiresAtMs) => {
    const secret = `${mark}${toBase64url(random.bytes(18))}`
    if (kind === 'refresh' || accessToken === 'opaque') return secret
    // RFC 7519 §4.1: seconds. The signature is nobody's.
    const claims = { iat: Math.floor(now() / 1000), exp: Math.floor(expiresAtMs / 1000) }
    return `${part({ alg: 'none' })}.${part(claims)}.${secret}`
  }
}

function part(value: object): string {
  return toBase64url(encoder.encode(JSON.stringify(value)))
}
