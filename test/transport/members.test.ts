import { describe, expect, it } from 'vitest'
import type { Provider } from '../../src/core/provider.ts'
import { loopback, say } from './loopback.ts'
import { presentTo, shown } from './setup.ts'

/** What a provider with this description of answers makes of one. */
async function read(
  response: Partial<Provider['response']>,
  body: unknown,
  { status = 200, failures = {} }: { status?: number; failures?: Provider['failures'] } = {},
): Promise<unknown> {
  const server = await loopback((_request, answer) => say(answer, status, body))
  const { origin: _, ...ended } = shown(
    await presentTo(server.origin, { provider: { response, failures } }),
  ) as { origin?: string }
  return ended
}

describe('response.members', () => {
  it('finds each member at its place, and leaves the others', async () => {
    const members = {
      access_token: 'data.accessToken',
      refresh_token: ['data.next', 'refreshToken'],
      expires_in: 'data.lifetimes.0',
    }
    const body = {
      data: { accessToken: 'at-2', lifetimes: [60] },
      refreshToken: 'rt-2',
      scope: 'a',
    }

    expect(await read({ members }, body)).toEqual({
      outcome: 'granted',
      accessToken: 'at-2',
      refreshToken: 'rt-2',
      expiresInMs: 60_000,
      scope: 'a',
    })
  })

  it('does not take the member of the standard name for the one that it names', async () => {
    const body = { access_token: 'at-2', refresh_token: 'rt-2' }

    expect(await read({ members: { refresh_token: 'data.refresh_token' } }, body)).toEqual({
      outcome: 'granted',
      accessToken: 'at-2',
    })
  })

  it('passes over what is null or empty', async () => {
    const members = { error: ['error', 'reason', 'status'] }
    const body = { error: null, reason: '', status: 'invalid_grant' }

    expect(await read({ members }, body, { status: 400 })).toMatchObject({ outcome: 'rejected' })
  })

  it('reads a code that is a number', async () => {
    const failures = { 40030: 'rejected' } as const

    expect(
      await read({ members: { error: 'errcode' } }, { errcode: 40_030 }, { failures }),
    ).toMatchObject({ outcome: 'rejected', oauthError: '40030' })
  })

  it('never reads inherited names', async () => {
    const members = { access_token: '__proto__.constructor.name', error: 'constructor.name' }

    expect(await read({ members }, {}, { status: 400 })).toEqual({
      outcome: 'unknown',
      failure: 'unknown',
      code: 'unknown',
      status: 400,
    })
  })
})

describe('response.codes', () => {
  const codes = { 'is being processed': 'busy', 'token invalid': 'invalid_grant' }

  it.each([
    ['Token request is being processed.', 'deferred', 'busy'],
    ['THE TOKEN INVALID', 'rejected', 'invalid_grant'],
    ['something else', 'refused', 'invalid_request'],
    [undefined, 'refused', 'invalid_request'],
    [{ text: 'token invalid' }, 'refused', 'invalid_request'],
  ])('%j ends as %s', async (description, outcome, oauthError) => {
    const body = { error: 'invalid_request', error_description: description }

    const ended = await read({ codes }, body, { status: 400, failures: { busy: 'deferred' } })

    expect(ended).toMatchObject({ outcome, oauthError })
  })

  it('looks at the description where members finds it', async () => {
    const members = { error_description: 'message' }
    const body = { message: 'Token invalid' }

    expect(await read({ members, codes }, body, { status: 401 })).toMatchObject({
      outcome: 'rejected',
    })
  })
})
