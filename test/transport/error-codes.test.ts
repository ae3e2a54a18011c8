import { describe, expect, it } from 'vitest'
import { loopback, say } from './loopback.ts'
import { presentTo } from './setup.ts'
import type { Setup } from './setup.ts'

/** What a real server answered, and what it must come to. */
async function answered(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  setup: Setup = {},
): Promise<unknown> {
  const server = await loopback((_request, response) => say(response, status, body, headers))
  return presentTo(server.origin, setup)
}

const CODE = 'refresh_token_reused'

describe('an error code that is not where RFC 6749 §5.2 has it', () => {
  it.each<[string, unknown]>([
    ['an object with a code', { error: { message: 'used', type: 'bad', code: CODE } }],
    ['an object with an error', { error: { error: CODE } }],
    ['an object with a type', { error: { type: CODE, code: 190 } }],
    ['an object with a status', { error: { status: CODE, code: 401 } }],
    ['an object in an object', { error: { error: { code: CODE } } }],
    ['a list of one text', { error: [CODE] }],
    ['a list of one object', { error: [{ code: CODE }] }],
    ['errors with one text', { errors: [CODE] }],
    ['errors with one object', { errors: [{ code: CODE, message: 'used' }] }],
    ['errors that is an object', { errors: { code: CODE } }],
    ['a list of objects as the whole answer', [{ error: CODE }]],
    ['an empty error beside errors', { error: '', errors: [{ code: CODE }] }],
  ])('is found in %s', async (_name, body) => {
    const provider = { failures: { [CODE]: 'rejected' } } as const

    for (const status of [400, 401, 403]) {
      expect(await answered(status, body)).toMatchObject({ outcome: 'unknown', oauthError: CODE })
      expect(await answered(status, body, {}, { provider })).toMatchObject({ outcome: 'rejected' })
    }
  })

  it('means what RFC 6749 §5.2 says', async () => {
    const inside = (code: string): unknown => ({ error: { code, message: 'no' } })

    expect(await answered(400, inside('invalid_grant'))).toMatchObject({ outcome: 'rejected' })
    expect(await answered(401, inside('invalid_client'))).toMatchObject({
      failure: 'refused_before',
    })
  })

  it('is none where two contradict each other', async () => {
    const errors = [{ code: 'invalid_client' }, { code: 'invalid_grant' }]

    expect(await answered(401, { errors })).toMatchObject({ outcome: 'unknown' })
  })
})

describe('a 401 that speaks of the token', () => {
  it.each<[string, unknown, Record<string, string>?]>([
    ['an object without any code', { error: { message: 'no' } }],
    ['an empty object', { error: {} }],
    ['an empty list', { error: [] }],
    ['a list of two', { error: ['a', 'b'] }],
    ['a number', { error: 7 }],
    ['true', { error: true }],
    ['false', { error: false }],
    ['errors without any code', { errors: [{ detail: 'no' }] }],
    ['a code of its own beside the status', { code: 'reused', message: 'no' }],
    ['error_code', { error_code: 'reused', msg: 'no' }],
    ['a message about a token', { message: 'Invalid refresh token' }],
    ['a message about a grant, in a list', [{ message: 'the grant is over' }]],
    ['a message two levels down', { fault: { detail: { faultstring: 'Token already used' } } }],
    ['a text', '"token expired"', { 'content-type': 'application/json' }],
    ['XML', '<?xml version="1.0"?><error><code>invalid_grant</code></error>'],
    ['a message about something used', { message: 'This was used before' }],
    ['plain text', 'refresh token revoked', { 'content-type': 'text/plain' }],
    ['a header', '', { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' }],
    ['a header without quotes', '', { 'www-authenticate': 'Bearer error=invalid_token' }],
  ])('is unknown: %s', async (_name, body, headers) => {
    expect(await answered(401, body, headers)).toMatchObject({ outcome: 'unknown', status: 401 })
  })

  it('is not a 401 of a gateway that has not looked at the token', async () => {
    const refused = { failure: 'refused_before', status: 401 }
    const page = '<html><meta name="csrf-token" content="x"><h1>Sign in</h1></html>'

    expect(await answered(401, '')).toMatchObject(refused)
    expect(await answered(401, page)).toMatchObject(refused)
    expect(await answered(401, `<?xml version="1.0"?>\n<!DOCTYPE html>${page}`)).toMatchObject(
      refused,
    )
    expect(await answered(401, `<!-- a token --><head>${page}`)).toMatchObject(refused)
    expect(await answered(401, { message: 'Unauthorized' })).toMatchObject(refused)
    expect(await answered(401, { statusCode: 401, error: null })).toMatchObject(refused)
    expect(await answered(401, { code: 401, message: 'No API key' })).toMatchObject(refused)
    expect(await answered(401, '', { 'www-authenticate': 'Basic realm="id"' })).toMatchObject(
      refused,
    )
    expect(
      await answered(401, '', { 'www-authenticate': 'Basic error="invalid_client"' }),
    ).toMatchObject(refused)
  })

  it('is judged by the whole answer, where a reader leaves the error out', async () => {
    const provider = { response: { read: () => ({}) } }

    expect(await answered(401, { error: { message: 'used' } }, {}, { provider })).toMatchObject({
      outcome: 'unknown',
    })
  })
})
