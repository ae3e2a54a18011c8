import { quietly } from '../../core/user-code.ts'
import { systemClock } from '../../core/clock.ts'
import { RefreshError } from '../../core/errors.ts'
import type { Store, StoredRow } from '../../ledger/store.ts'
import { storeErrors, watching, type KnownErrors, type WatchOptions } from '../shared.ts'
import { SWAP } from './swap.lua.ts'

/** One way of speaking to Redis. */
export interface Connection {
  /**
   * Sends a command: its name, and what follows it.
   *
   * @param key The key that it is about: a cluster finds the node by it.
   * @returns Numbers as they are, strings as bytes; as text where bytes are hexadecimal.
   */
  send(command: readonly (string | Uint8Array)[], key?: string): Promise<unknown>
  /** How it carries bytes: as they are, or, being made of text, in hexadecimal digits. */
  readonly bytes: 'raw' | 'hex'
}

export interface RedisRowsOptions extends WatchOptions {
  readonly name: string
  readonly id: string
  readonly prefix: string
  /** How many replicas must have a swap before it is believed. */
  readonly replicas: number
  /** For how long they are waited for, milliseconds. */
  readonly replicasTimeoutMs: number
  /** Whether others are told of swaps. */
  readonly publishes: boolean
  readonly allowEviction: boolean
  readonly warn: (message: string) => void
}

/** Makes a store of the rows of a Redis, over any connection. */
export function redisRows(connection: Connection, options: RedisRowsOptions): Store {
  const { name, id, prefix, replicas, publishes, allowEviction, warn } = options
  const { send, bytes } = connection
  const errorFrom = storeErrors(name, KNOWN)
  let sha: Promise<string> | undefined
  let checked: Promise<void> | undefined

  /** Runs the script by its digest; a server that does not know it (restarted) is told it again. */
  async function run(
    after: () => Promise<void> | undefined,
    key: string,
    ...args: (string | Uint8Array)[]
  ): Promise<readonly unknown[]> {
    const by = async (command: string, script: string): Promise<readonly unknown[]> => {
      const [reply] = await Promise.all([send([command, script, '1', key, ...args], key), after()])
      return reply as readonly unknown[]
    }
    const digest = await (sha ??= sha1(SWAP))
    try {
      return await by('EVALSHA', digest)
    } catch (error) {
      if (codeOf(error) !== 'NOSCRIPT') throw error
      return by('EVAL', SWAP)
    }
  }

  /**
   * Waits for the replicas to have all that this connection wrote. Sent right behind the script,
   * because on another connection, made meanwhile, it would wait for nothing.
   */
  async function acknowledged(): Promise<void> {
    const count = await send(['WAIT', String(replicas), String(options.replicasTimeoutMs)])
    if (Number(count) >= replicas) return
    const hint = `Fewer than ${replicas} of its replicas have the row: are they connected?`
    throw new RefreshError('store_unavailable', { store: name, hint })
  }

  function check(): Promise<void> {
    const info = async (): Promise<string> => textOf(await send(['INFO', 'memory']))
    checked ??= refuseEviction(name, info, warn).catch((error: unknown) => {
      checked = undefined
      throw error
    })
    return checked
  }

  async function call<R>(work: () => Promise<R>): Promise<R> {
    try {
      if (!allowEviction) await check()
      return await work()
    } catch (error) {
      throw errorFrom(error)
    }
  }

  const read = (key: string): Promise<StoredRow> =>
    call(async () => {
      const reply = await run(nothing, prefix + key, '-1', '', '0', '', coded(bytes), '')
      return standing(reply, bytes)
    })

  return {
    name,
    id,
    mayEvict: allowEviction,
    read,
    swap(key, expected, value, ttlMs) {
      return call(async () => {
        const reply = await run(
          replicas > 0 ? acknowledged : nothing,
          prefix + key,
          String(expected),
          bytes === 'hex' ? toHex(value) : value,
          String(Math.max(1, Math.ceil(ttlMs))),
          publishes ? prefix + key : '',
          coded(bytes),
          replicas > 0 ? 'again' : '',
        )
        const stored = standing(reply, bytes)
        const swapped = Number(reply[0]) === 1
        return swapped ? { ...stored, value: value.slice(), swapped } : { ...stored, swapped }
      })
    },
    changed: watching(read, { clock: systemClock, ...options }),
  }
}

/** What the script answered. */
function standing(reply: readonly unknown[], bytes: Connection['bytes']): StoredRow {
  const [, version, writtenAtMs, nowMs, value] = reply
  return {
    ...(value != null && {
      value: bytes === 'hex' ? fromHex(textOf(value)) : new Uint8Array(value as Uint8Array),
    }),
    version: Number(version),
    writtenAtMs: Number(writtenAtMs),
    nowMs: Number(nowMs),
  }
}

const nothing = (): undefined => undefined

const coded = (bytes: Connection['bytes']): string => (bytes === 'hex' ? 'hex' : '')

const textOf = (text: unknown): string =>
  typeof text === 'string' ? text : new TextDecoder().decode(text as Uint8Array)

function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  )
}

async function sha1(script: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script))
  return toHex(new Uint8Array(bytes))
}

/** Answers of a server that does not let its policy be read, as managed ones do not. */
const UNTOLD = new Set(['NOPERM', 'ERR'])

/**
 * Whether the server may drop rows before their time (`maxmemory-policy`).
 *
 * @param info The answer to `INFO memory`: readable where `CONFIG` is forbidden.
 * @throws {RefreshError} `store_evicts`, when it may.
 */
export async function refuseEviction(
  store: string,
  info: () => Promise<string>,
  warn: (message: string) => void,
): Promise<void> {
  const policy = /maxmemory_policy:([\w-]+)/.exec(await info().catch(nothingIfForbidden))?.[1]
  if (policy === undefined) {
    const warning =
      `refresh-once: ${store} does not say whether it evicts rows (INFO memory). Make sure ` +
      'that its maxmemory-policy is noeviction: without its row, a refresh token may be ' +
      'presented twice.'
    quietly(() => warn(warning))
  } else if (policy !== 'noeviction') {
    throw new RefreshError('store_evicts', {
      store,
      hint:
        `Its maxmemory-policy is ${policy}: set noeviction, or use another Redis; allowEviction ` +
        'gives the promise up.',
    })
  }
}

function nothingIfForbidden(error: unknown): string {
  if (UNTOLD.has(codeOf(error) ?? '')) return ''
  throw error
}

/** What Redis says in capitals, and what to do. Our own words: its texts may name keys. */
const HINTS: Readonly<Record<string, string>> = {
  READONLY: 'This Redis is a replica: connect to the primary.',
  LOADING: 'Redis is still loading its data.',
  MISCONF: 'Redis cannot save to disk and takes no writes: look into its log.',
  NOREPLICAS: 'Redis has fewer good replicas than min-replicas-to-write.',
  MASTERDOWN: 'The primary of this replica is down: connect to the primary.',
  CLUSTERDOWN: 'The cluster does not serve all slots.',
  NOAUTH: 'Redis asks for a password.',
  WRONGPASS: 'Redis refuses the password.',
  NOPERM: 'The ACL of this user forbids it: docs/stores.md has the line that is needed.',
  WRONGTYPE: 'Another value has this key: give the store a prefix of its own.',
  CROSSSLOT: 'The prefix of the store must not hold a part in braces.',
  BUSY: 'Redis is busy with the script of another client.',
  MOVED: 'This is one node of a cluster: pass the client of a cluster.',
}

const CODE = new RegExp(`\\b(OOM|NOSCRIPT|ERR|${Object.keys(HINTS).join('|')})\\b`)

/** What a script says that runs into the ACL: it has no code of its own. */
const FORBIDDEN = /ACL failure in script|can't run this command/

/** The code that an answer of Redis begins with, or has in it (before 7, errors of scripts). */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return FORBIDDEN.test(error.message) ? 'NOPERM' : CODE.exec(error.message)?.[1]
}

const KNOWN: KnownErrors = {
  codeOf,
  hints: HINTS,
  full: { OOM: 'Redis has reached maxmemory: raise it, or take other data away.' },
  otherwise: (code) =>
    code === undefined ? 'It cannot be reached: is it running?' : 'It refused the command.',
}
