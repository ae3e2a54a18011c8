import type { Clock } from '../../core/clock.ts'
import { isRecord } from '../../core/text.ts'
import { send, type Sender } from '../../transport/send.ts'

/** What is asked, and with what. */
export interface Looking {
  readonly clock: Clock
  readonly sender: Sender
  readonly timeoutMs: number
}

/** What came of one question. */
export interface Seen {
  /** Absent: no answer. */
  readonly status?: number
  readonly body?: Readonly<Record<string, unknown>>
  /** By how much this machine's clock is ahead of the server's, by its `Date`, milliseconds. */
  readonly skewMs?: number
  /** How wrong that may be, either way. */
  readonly uncertainMs?: number
}

/** `Date` has whole seconds, rounded down. */
const DATE_STEP_MS = 1_000

/** Asks for something that anyone may see. */
export async function look(url: string, { clock, sender, timeoutMs }: Looking): Promise<Seen> {
  const sentAtMs = clock.now()
  const headers = { accept: 'application/json' }
  const reply = await send({ url, method: 'GET', headers }, sender, timeoutMs)
  if (!reply.answered) return {}
  const { status, headers: answered, body } = reply.answer
  const arrivedAtMs = clock.now()
  const dateMs = Date.parse(answered.get('date') ?? '')
  return {
    status,
    ...(isRecord(body) && { body }),
    ...(!Number.isNaN(dateMs) && {
      skewMs: (sentAtMs + arrivedAtMs) / 2 - (dateMs + DATE_STEP_MS / 2),
      uncertainMs: (arrivedAtMs - sentAtMs + DATE_STEP_MS) / 2,
    }),
  }
}
