import type { RenewalResult } from './renewal.ts'

/** What a proxy learns of the session of its request. */
interface Note {
  result?: RenewalResult
}

/** The part of `AsyncLocalStorage` that is used here. Next.js has it in each of its runtimes. */
interface Storage {
  run<R>(note: Note, work: () => R): R
  getStore(): Note | undefined
}

const SHARED = Symbol.for('refresh-once/noted/1')

interface Shared {
  readonly AsyncLocalStorage?: new () => Storage
  [SHARED]?: Storage
}

/** One storage for all copies of this module. `undefined`: the runtime has none. */
function storage(): Storage | undefined {
  const shared = globalThis as Shared
  const { AsyncLocalStorage } = shared
  if (AsyncLocalStorage === undefined) return undefined
  return (shared[SHARED] ??= new AsyncLocalStorage())
}

/** Tells the proxy of this request, if there is one, what became of its session. */
export function noteSession(result: RenewalResult | undefined): void {
  const note = storage()?.getStore()
  if (note !== undefined && result !== undefined) note.result = result
}

/** Does some work, and answers what the callbacks in it said of the session. */
export async function withNote<R>(work: () => Promise<R>): Promise<[R, RenewalResult | undefined]> {
  const note: Note = {}
  const value = await (storage()?.run(note, work) ?? work())
  return [value, note.result]
}
