import type { Reuse } from '../../src/core/provider.ts'
import type { FlatOptions } from '../grouped.ts'

/** The rows that processes share. */
export type StoreSpec =
  | {
      readonly kind: 'redis'
      readonly url: string
      readonly durability?: 'primary' | 'replicated'
      readonly allowEviction?: boolean
    }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'mariadb'; readonly url: string }
  | { readonly kind: 'dynamodb'; readonly url: string }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }

type Passed =
  | 'requestTimeoutMs'
  | 'claimMs'
  | 'waitMs'
  | 'storeTimeoutMs'
  | 'staleMs'
  | 'staleHolders'
  | 'ledger'
  | 'pepper'

/** What one process is made of. Travels as JSON. */
export interface MemberSetup {
  readonly store: StoreSpec
  readonly issuer: string
  readonly clientId: string
  readonly options?: Pick<FlatOptions, Passed>
  readonly providerId?: string
  /** What its description says of spent tokens. Default: nothing. */
  readonly reuse?: Reuse
  /** Where it presents, if something stands before the server. Default: discovered. */
  readonly tokenEndpoint?: string
  /** `false`: a path that was silent is not asked first. */
  readonly asksFirst?: boolean
  /** The format of sealed values that its release writes. Default: the shipped one. */
  readonly format?: number
  /** How far the wall clock of its host is off, milliseconds. */
  readonly skewMs?: number
  /** The file that it logs its events into, by pino. Default: none. */
  readonly journal?: string
  /** The file that it writes its steps into, synchronously: they outlive it. */
  readonly trace: string
}

/**
 * A step of a refresh: `ask` and `told` around a call of the store, `swapped` when a row was
 * written, `send` and `answered` around a presentation.
 */
export type Step = 'ask' | 'told' | 'swapped' | 'send' | 'answered'

/** Where a process ends or freezes itself: at a step of this name, or at the n-th of all. */
export interface Arming {
  readonly at: Step | number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

export type Command =
  | { readonly id: number; readonly arm: Arming }
  | { readonly id: number; readonly refresh: unknown; readonly asked: unknown }
  | { readonly id: number; readonly revoke: unknown }
  /** The host has slept: its wall clock is ahead, its monotonic clock stood still. */
  | { readonly id: number; readonly sleptMs: number }

export type Answer = { readonly id: number; readonly result: unknown }
