import { describe, expect, it } from 'vitest'
import type { Overrides } from '../../src/core/provider.ts'
import { handClock } from '../runtime/clock.ts'
import { loopback, say } from './loopback.ts'
import { presentTo, shown } from './setup.ts'
import type { Setup } from './setup.ts'

type Response = NonNullable<Overrides['response']>

/** Reads `token` out of what was validated, else `raw` out of the body. */
const read: NonNullable<Response['read']> = ({ body, validated }) => ({
  access_token: (validated as { token?: string })?.token ?? (body as { raw: string }).raw,
})

async function answeredWith(validate: Response['validate'], setup: Setup = {}): Promise<unknown> {
  const server = await loopback((_request, response) => say(response, 200, { raw: 'at-raw' }))
  const response = { read, ...(validate && { validate }) }
  return shown(await presentTo(server.origin, { ...setup, provider: { response } }))
}

const RAW = { outcome: 'granted', accessToken: 'at-raw' }
const VALIDATED = { outcome: 'granted', accessToken: 'at-valid' }

describe('the validation of a 200', () => {
  it('gives the reader what it makes of the body, at once or later', async () => {
    expect(await answeredWith(() => ({ token: 'at-valid' }))).toEqual(VALIDATED)
    expect(await answeredWith(async () => ({ token: 'at-valid' }))).toEqual(VALIDATED)
  })

  it('costs no token when it throws, rejects, or is not there', async () => {
    const bug = new Error('bug')

    expect(
      await answeredWith(() => {
        throw bug
      }),
    ).toEqual(RAW)
    expect(await answeredWith(() => Promise.reject(bug))).toEqual(RAW)
    expect(await answeredWith(undefined)).toEqual(RAW)
  })

  it('costs no token when it never ends: the time of the request is over once', async () => {
    const clock = handClock()
    const timeoutMs = 7_000
    let isAsked = (): void => {}
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const never = (): Promise<never> => {
      isAsked()
      return new Promise(() => {})
    }

    const outcome = answeredWith(never, { clock, timeoutMs })
    await asked
    clock.advance(timeoutMs)

    expect(await outcome).toEqual(RAW)
    expect(clock.pending).toEqual([])
  })

  it('is not asked of a failure', async () => {
    const server = await loopback((_request, response) => say(response, 400, { error: 'x' }))
    const asked: unknown[] = []
    const response = { validate: (body: unknown) => asked.push(body) }

    const outcome = await presentTo(server.origin, { provider: { response } })

    expect(outcome).toMatchObject({ outcome: 'unknown' })
    expect(asked).toEqual([])
  })
})

describe('the reading of an answer', () => {
  const standard = { access_token: 'at-2', expires_in: 60 }

  async function readWith(
    read: NonNullable<Response['read']>,
    setup: Setup = {},
  ): Promise<unknown> {
    const server = await loopback((_request, response) => say(response, 200, standard))
    return shown(await presentTo(server.origin, { ...setup, provider: { response: { read } } }))
  }

  const FOUND = { outcome: 'granted', accessToken: 'at-found' }
  const STANDARD = { outcome: 'granted', accessToken: 'at-2' }
  const found = { access_token: 'at-found' }

  it('takes what a reader answers at once or later', async () => {
    expect(await readWith(() => found)).toMatchObject(FOUND)
    expect(await readWith(async () => found)).toMatchObject(FOUND)
    expect(await readWith(() => Promise.resolve(found))).toMatchObject(FOUND)
  })

  it('asks a reader once', async () => {
    const asked: number[] = []

    await readWith(async ({ status }) => void asked.push(status))

    expect(asked).toEqual([200])
  })

  it('reads the body as RFC 6749 has it if the reader throws or rejects', async () => {
    const bug = new Error('bug')

    expect(
      await readWith(() => {
        throw bug
      }),
    ).toMatchObject(STANDARD)
    expect(await readWith(() => Promise.reject(bug))).toMatchObject(STANDARD)
  })

  it('waits for a reader no longer than for the request', async () => {
    const clock = handClock()
    const timeoutMs = 7_000
    let isAsked = (): void => {}
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const never = (): Promise<never> => {
      isAsked()
      return new Promise(() => {})
    }

    const outcome = readWith(never, { clock, timeoutMs })
    await asked
    clock.advance(timeoutMs)

    expect(await outcome).toMatchObject(STANDARD)
    expect(clock.pending).toEqual([])
  })
})
