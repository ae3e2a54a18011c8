import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { within } from '../../core/clock.ts'
import { isRefreshError, RefreshError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { isRecord, toBase64url } from '../../core/text.ts'
import type { Store, StoredRow } from '../../ledger/store.ts'

/** How long a process that signs in may be silent before another one does, milliseconds. */
const SILENT_MS = 15_000
const BEAT_MS = 4_000

/** Others are told for so long that the user did not sign in. */
const FAILED_MS = 10_000

export interface TurnOptions {
  readonly store: Store
  /** What is signed in to. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** How long a user may take, milliseconds. */
  readonly signInMs: number
}

/**
 * Lets one process of all that share a store sign in, while the others wait for what comes of it.
 *
 * @param isDone Whether another process has signed in since the caller found that it must.
 * @param signIn Runs in one process at a time. While it runs, others are told that it lives.
 * @throws {RefreshError} `sign_in_failed` in all processes that wait, if the user refuses.
 */
export async function signInOnce(
  { store, name, clock, random, signInMs }: TurnOptions,
  isDone: () => Promise<boolean>,
  signIn: () => Promise<void>,
): Promise<void> {
  const key = `sign-in-${createHash('sha256').update(name).digest('base64url')}`
  const id = toBase64url(random.bytes(9))
  const endsAt = clock.monotonic() + signInMs
  const began = await store.read(key)

  for (;;) {
    if (await isDone()) return
    if (clock.monotonic() >= endsAt) {
      throw new RefreshError('sign_in_failed', { hint: 'Nothing came back in time: try again.' })
    }
    const row = await store.read(key)
    const said = read(row)
    // What failed before this call began is the answer to earlier ones.
    if (said?.state === 'failed' && row.version > began.version)
      throw new RefreshError('sign_in_failed')
    if (said?.state === 'running') {
      await waitFor(store, key, row.version, clock)
      continue
    }
    const won = await store.swap(key, row.version, write({ state: 'running', id }), SILENT_MS)
    if (won.swapped) return lead(won.version)
  }

  /** Signs in, and tells others every few seconds that this process lives. */
  async function lead(wonVersion: number): Promise<void> {
    let version = wonVersion
    let isOver = false
    let beat: unknown
    let beating = Promise.resolve()
    const tell = async (state: Said['state'], ttlMs: number): Promise<void> => {
      const told = await store.swap(key, version, write({ state, id }), ttlMs)
      // Another process took over, because this one was silent for too long.
      if (told.swapped) version = told.version
    }
    const schedule = (): void => {
      beat = clock.setTimeout(() => {
        beating = tell('running', SILENT_MS)
          .catch(() => {})
          .then(() => (isOver ? undefined : schedule()))
      }, BEAT_MS)
    }
    schedule()
    try {
      if (!(await isDone())) await signIn()
      await end('done', 1)
    } catch (error) {
      const isRefused = isRefreshError(error) && error.code === 'sign_in_failed'
      await end(isRefused ? 'failed' : 'done', isRefused ? FAILED_MS : 1)
      throw error
    }

    async function end(state: Said['state'], ttlMs: number): Promise<void> {
      isOver = true
      clock.clearTimeout(beat)
      await beating
      await tell(state, ttlMs).catch(() => {})
    }
  }
}

interface Said {
  readonly state: 'running' | 'done' | 'failed'
  readonly id: string
}

const write = (said: Said): Uint8Array => Buffer.from(JSON.stringify(said))

function read({ value }: StoredRow): Said | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(value ?? []).toString())
    return isRecord(said) ? (said as unknown as Said) : undefined
  } catch {
    return undefined
  }
}

/** Looks again when the row changes, and now and then: it may end by its time. */
async function waitFor(store: Store, key: string, version: number, clock: Clock): Promise<void> {
  const over = new AbortController()
  const changed = store.changed(key, version, over.signal)
  await within(
    clock,
    1_000,
    () => changed,
    () => over.abort(),
  )
}
