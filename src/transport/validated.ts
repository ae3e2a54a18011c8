import type { Clock } from '../core/clock.ts'
import type { Provider } from '../core/provider.ts'
import { within } from '../core/clock.ts'
import type { Reply } from './send.ts'

/**
 * The reply with what the provider's `validate` makes of the body of a 2xx.
 *
 * The token is spent by now: whatever the validation does, throw, reject or never end, the reply is
 * still there as it came.
 *
 * @param timeoutMs What is left of the request's time, milliseconds.
 * @returns Never rejects.
 */
export async function validated(
  reply: Reply,
  { response: { validate } }: Provider,
  clock: Clock,
  timeoutMs: number,
): Promise<Reply> {
  if (validate === undefined || !reply.answered) return reply
  const { answer } = reply
  if (answer.status < 200 || answer.status > 299) return reply
  const check = async (): Promise<Reply> => {
    const output = await validate(answer.body)
    return { answered: true, answer: { ...answer, validated: output } }
  }
  return within(clock, timeoutMs, check, () => reply).catch(() => reply)
}
