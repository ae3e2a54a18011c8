import { toBase64url } from '../../core/base64url.ts'
import type { Random } from '../../core/random.ts'

/** What the name of a row's one file says. */
export interface RowName {
  readonly version: number
  readonly writtenAtMs: number
  readonly expiresAtMs: number
  /** Names the value, and was never used before. */
  readonly value: string
}

const NAME = /^(\d+)\.(\d+)\.(\d+)\.([\w-]+)$/

export const spelled = (name: RowName): string =>
  `${name.version}.${name.writtenAtMs}.${name.expiresAtMs}.${name.value}`

export function parsed(text: string): RowName | undefined {
  const [, version, writtenAtMs, expiresAtMs, value] = NAME.exec(text) ?? []
  if (value === undefined) return undefined
  return {
    version: Number(version),
    writtenAtMs: Number(writtenAtMs),
    expiresAtMs: Number(expiresAtMs),
    value,
  }
}

export const freshName = (random: Random): string => toBase64url(random.bytes(15))
