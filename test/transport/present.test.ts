import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { jwt, loopback, say } from './loopback.ts'
import type { Answer } from './loopback.ts'
import { presentTo, shown } from './setup.ts'
import type { Setup } from './setup.ts'

const TOKENS = { access_token: 'at-2', refresh_token: 'rt-2', token_type: 'Bearer' }
const GRANTED = { outcome: 'granted', accessToken: 'at-2', refreshToken: 'rt-2' }

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const CHALLENGE = { 'www-authenticate': 'Bearer realm="x"' }

/** What a real server answered, and what it must come to. The body is JSON unless it is text. */
async function answered(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  setup: Setup = {},
): Promise<unknown> {
  const server = await loopback((_request, response) => say(response, status, body, headers))

  const presentation = await presentTo(server.origin, setup)

  expect(server.seen).toHaveLength(1)
  return shown(presentation)
}

async function answeredBy(answer: Answer, setup: Setup = {}): Promise<unknown> {
  const server = await loopback(answer)
  return shown(await presentTo(server.origin, { timeoutMs: 800, ...setup }))
}

describe('a token response as servers really write it', () => {
  it.each<[string, number, unknown, Record<string, unknown>, Record<string, string>?]>([
    [
      'RFC 6749 §5.1',
      200,
      { ...TOKENS, expires_in: 60 },
      { tokenType: 'Bearer', expiresInMs: 60_000 },
    ],
    ['201', 201, TOKENS, { tokenType: 'Bearer' }],
    ['a lower-case token_type', 200, { ...TOKENS, token_type: 'bearer' }, { tokenType: 'bearer' }],
    ['no token_type', 200, { ...TOKENS, token_type: undefined }, {}],
    ['a token_type nobody knows', 200, { ...TOKENS, token_type: 'mac' }, { tokenType: 'mac' }],
    [
      'expires_in as text',
      200,
      { ...TOKENS, expires_in: '60' },
      { tokenType: 'Bearer', expiresInMs: 60_000 },
    ],
    ['an empty expires_in', 200, { ...TOKENS, expires_in: '' }, { tokenType: 'Bearer' }],
    ['expires_in null', 200, { ...TOKENS, expires_in: null }, { tokenType: 'Bearer' }],
    ['expires_in -1', 200, { ...TOKENS, expires_in: -1 }, { tokenType: 'Bearer' }],
    [
      'an empty refresh_token',
      200,
      { ...TOKENS, refresh_token: '' },
      { tokenType: 'Bearer', refreshToken: undefined },
    ],
    [
      'refresh_token null',
      200,
      { ...TOKENS, refresh_token: null },
      { tokenType: 'Bearer', refreshToken: undefined },
    ],
    [
      'scope as a list',
      200,
      { ...TOKENS, scope: ['a', 'b'] },
      { tokenType: 'Bearer', scope: 'a b' },
    ],
    ['a WWW-Authenticate', 200, TOKENS, { tokenType: 'Bearer' }, CHALLENGE],
    ['JSON as text/html', 200, JSON.stringify(TOKENS), { tokenType: 'Bearer' }],
    [
      'JSON with a byte order mark',
      200,
      `\uFEFF${JSON.stringify(TOKENS)}`,
      { tokenType: 'Bearer' },
    ],
    [
      'a form',
      200,
      'access_token=at-2&refresh_token=rt-2&expires_in=60',
      { expiresInMs: 60_000 },
      FORM,
    ],
    [
      'a form as text/html, as QQ Connect sends it',
      200,
      'access_token=at-2&expires_in=60&refresh_token=rt-2',
      { expiresInMs: 60_000 },
    ],
    [
      'a form that is called JSON, with a line break at its end',
      200,
      'access_token=at-2&refresh_token=rt%2D2\r\n',
      {},
      { 'content-type': 'application/json' },
    ],
    ['a form of no type', 200, 'access_token=at-2&refresh_token=rt-2', {}, { 'content-type': '' }],
    ['JSON as text/html', 200, ` ${JSON.stringify(TOKENS)}\n`, { tokenType: 'Bearer' }],
    [
      'JSON with a byte order mark',
      200,
      `\uFEFF${JSON.stringify(TOKENS)}`,
      { tokenType: 'Bearer' },
    ],
    ['JSON in a text', 200, JSON.stringify(JSON.stringify(TOKENS)), { tokenType: 'Bearer' }],
    ['JSON in a call', 200, `callback( ${JSON.stringify(TOKENS)} );`, { tokenType: 'Bearer' }],
    [
      'a form as text/plain',
      200,
      'access_token=at-2&refresh_token=rt-2',
      {},
      { 'content-type': 'text/plain' },
    ],
    ['an ID token that is none', 200, { ...TOKENS, id_token: 'x' }, { tokenType: 'Bearer' }],
    ['an ID token of another type', 200, { ...TOKENS, id_token: 7 }, { tokenType: 'Bearer' }],
    [
      'an ID token without sub',
      200,
      { ...TOKENS, id_token: jwt({ iss: 'i' }) },
      { tokenType: 'Bearer' },
    ],
    ['an empty error beside the tokens', 200, { ...TOKENS, error: '' }, { tokenType: 'Bearer' }],
    [
      'JSON with a key __proto__',
      200,
      `{"__proto__":{"error":"invalid_grant"},"access_token":"at-2","refresh_token":"rt-2"}`,
      {},
    ],
  ])('grants: %s', async (_name, status, body, expected, headers = {}) => {
    expect(await answered(status, body, headers)).toEqual({ ...GRANTED, ...expected })
  })

  const json = JSON.stringify({ ...TOKENS, scope: 'é' })
  const utf16 = Buffer.from(json, 'utf16le')
  const latin1 = Buffer.from(json, 'latin1')

  it.each<[string, Buffer, string, string]>([
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${json}`), 'application/json', 'é'],
    [
      'UTF-16 with a byte order mark',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
      'x/y',
      'é',
    ],
    ['UTF-16 without one', utf16, 'application/json; charset=utf-16', 'é'],
    ['UTF-16 of the other order', Buffer.from(utf16).swap16(), 'application/json', 'é'],
    ['ISO 8859-1', latin1, 'application/json; charset="ISO-8859-1"', 'é'],
    [
      'an encoding that is named wrongly',
      Buffer.from(json),
      'application/json; charset=utf-16',
      'é',
    ],
    [
      'an encoding that does not exist',
      Buffer.from(json),
      'application/json; charset=klingon',
      'é',
    ],
  ])('is read in %s', async (_name, bytes, type, scope) => {
    const outcome = await answeredBy((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(bytes)
    })

    expect(outcome).toEqual({ ...GRANTED, tokenType: 'Bearer', scope })
  })

  const FORM_TEXT = 'access_token=at-2&token_type=Bearer&refresh_token=rt-2'

  it.each<[string, string]>([
    ['behind a guard against scripts', `)]}',\n${JSON.stringify(TOKENS)}`],
    ['behind an endless loop', `while(1);${JSON.stringify(TOKENS)}`],
    ['behind a warning of PHP', `<br />\n<b>Deprecated</b>: x\n${JSON.stringify(TOKENS)}`],
    ['before a comment', `${JSON.stringify(TOKENS)}\n<!-- 12 ms -->`],
    ['before zero bytes', `${JSON.stringify(TOKENS)}\0`],
    ['in a form with spaces', `${FORM_TEXT}&scope=repo user`],
    ['in a form behind a question mark', `?${FORM_TEXT}`],
  ])('is read %s', async (_name, text) => {
    const outcome = await answeredBy((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(text)
    })

    expect(outcome).toMatchObject({ ...GRANTED, tokenType: 'Bearer' })
  })

  it('is not looked for in a web page', async () => {
    const page = `<!doctype html><script>x = ${JSON.stringify(TOKENS)}</script>`

    const outcome = await answeredBy((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page)
    })

    expect(outcome).toMatchObject({ outcome: 'unknown' })
  })

  it('reads a whole JSON object of a body that never ends', async () => {
    const outcome = await answeredBy((_request, response) => {
      response.writeHead(200).write(JSON.stringify(TOKENS))
    })

    expect(outcome).toEqual({ ...GRANTED, tokenType: 'Bearer' })
  })

  it('does not take the beginning of a form for the whole', async () => {
    const outcome = await answeredBy((_request, response) => {
      response.writeHead(200, FORM).write('access_token=at-2&refresh_token=rt')
    })

    expect(outcome).toMatchObject({ outcome: 'unknown' })
  })
})

describe('an answer that is no token set', () => {
  const REJECTED = { outcome: 'rejected', failure: 'rejected', code: 'rejected' }
  const BEFORE = { outcome: 'refused', failure: 'refused_before', code: 'refused' }
  const AFTER = { outcome: 'refused', failure: 'refused_after', code: 'refused' }
  const DEFERRED = { outcome: 'deferred', failure: 'deferred', code: 'rate_limited' }
  const UNKNOWN = { outcome: 'unknown', failure: 'unknown', code: 'unknown' }
  const error = (code: string): object => ({ error: code, error_description: 'secret rt-1' })

  it.each<[string, number, unknown, object, Record<string, string>?]>([
    ['invalid_grant', 400, error('invalid_grant'), { ...REJECTED, oauthError: 'invalid_grant' }],
    [
      'invalid_grant in a 200',
      200,
      error('invalid_grant'),
      { ...REJECTED, oauthError: 'invalid_grant' },
    ],
    [
      'invalid_grant in a 401 with a challenge',
      401,
      error('invalid_grant'),
      { ...REJECTED, oauthError: 'invalid_grant' },
      CHALLENGE,
    ],
    [
      'invalid_grant as a form',
      400,
      'error=invalid_grant',
      { ...REJECTED, oauthError: 'invalid_grant' },
      FORM,
    ],
    [
      'invalid_client',
      401,
      error('invalid_client'),
      { ...BEFORE, oauthError: 'invalid_client' },
      CHALLENGE,
    ],
    [
      'unauthorized_client',
      400,
      error('unauthorized_client'),
      { ...BEFORE, oauthError: 'unauthorized_client' },
    ],
    [
      'unsupported_grant_type',
      400,
      error('unsupported_grant_type'),
      { ...BEFORE, oauthError: 'unsupported_grant_type' },
    ],
    ['invalid_scope', 400, error('invalid_scope'), { ...AFTER, oauthError: 'invalid_scope' }],
    ['invalid_target', 400, error('invalid_target'), { ...AFTER, oauthError: 'invalid_target' }],
    ['invalid_request', 400, error('invalid_request'), { ...AFTER, oauthError: 'invalid_request' }],
    ['401 without a body', 401, '', BEFORE],
    ['401 of a gateway', 401, '<html>', BEFORE, CHALLENGE],
    [
      '401 with a code nobody knows',
      401,
      error('token_dead'),
      { ...UNKNOWN, oauthError: 'token_dead' },
    ],
    ['429', 429, '', DEFERRED],
    ['429 with seconds', 429, '', { ...DEFERRED, retryAfterMs: 7_000 }, { 'retry-after': '7' }],
    [
      '429 with more than a day',
      429,
      '',
      { ...DEFERRED, retryAfterMs: 86_400_000 },
      { 'retry-after': '999999' },
    ],
    [
      '429 with a date long ago',
      429,
      '',
      { ...DEFERRED, retryAfterMs: 0 },
      { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    ],
    [
      '429 with a date far ahead',
      429,
      '',
      { ...DEFERRED, retryAfterMs: 86_400_000 },
      { 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    ],
    ['429 with nonsense', 429, '', DEFERRED, { 'retry-after': '-5' }],
    [
      '429 that says invalid_request',
      429,
      error('invalid_request'),
      { ...DEFERRED, oauthError: 'invalid_request' },
    ],
    ['503', 503, '', UNKNOWN],
    ['503 with seconds', 503, '', { ...DEFERRED, retryAfterMs: 7_000 }, { 'retry-after': '7' }],
    ['503 with 0 seconds', 503, '', { ...DEFERRED, retryAfterMs: 0 }, { 'retry-after': '0' }],
    [
      '503 with a date',
      503,
      '',
      { ...DEFERRED, retryAfterMs: 86_400_000 },
      { 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    ],
    [
      '503 with more than a day',
      503,
      '',
      { ...DEFERRED, retryAfterMs: 86_400_000 },
      { 'retry-after': '99999999999999999999' },
    ],
    ['503 with nonsense', 503, '', UNKNOWN, { 'retry-after': 'soon' }],
    ['503 with less than nothing', 503, '', UNKNOWN, { 'retry-after': '-5' }],
    ['503 with an empty wait', 503, '', UNKNOWN, { 'retry-after': '' }],
    [
      '503 with seconds and a code of its own',
      503,
      error('temporarily_unavailable'),
      { ...DEFERRED, retryAfterMs: 7_000, oauthError: 'temporarily_unavailable' },
      { 'retry-after': '7' },
    ],
    [
      '503 with seconds that says invalid_grant',
      503,
      error('invalid_grant'),
      { ...UNKNOWN, oauthError: 'invalid_grant' },
      { 'retry-after': '7' },
    ],
    ['502 with seconds', 502, '', UNKNOWN, { 'retry-after': '7' }],
    ['500 with seconds', 500, '', UNKNOWN, { 'retry-after': '7' }],
    ['500', 500, 'oops', UNKNOWN],
    [
      '500 that says invalid_client',
      500,
      error('invalid_client'),
      { ...UNKNOWN, oauthError: 'invalid_client' },
    ],
    ['an empty 400', 400, '', UNKNOWN],
    ['400 without error', 400, { message: 'no' }, UNKNOWN],
    ['404', 404, '<html>', UNKNOWN],
    ['an unreadable 200', 200, '<html>', UNKNOWN],
    ['truncated JSON', 200, JSON.stringify({ ...TOKENS }).slice(0, -2), UNKNOWN],
    ['a 200 that is a list', 200, [TOKENS], UNKNOWN],
    ['a 204', 204, '', UNKNOWN],
    [
      'a call that holds an error',
      400,
      'callback( {"error":"denied"} );',
      { ...UNKNOWN, oauthError: 'denied' },
    ],
    [
      'invalid_grant as a form in text/html',
      400,
      'error=invalid_grant',
      { ...REJECTED, oauthError: 'invalid_grant' },
    ],
    ['a page with a form in it', 200, '<form action="?access_token=at-2">', UNKNOWN],
    ['prose with an equals sign', 200, 'error = access_token is missing', UNKNOWN],
    [
      'an error in capitals',
      400,
      error('Invalid_Grant'),
      { ...UNKNOWN, oauthError: 'Invalid_Grant' },
    ],
    ['an error that is a sentence', 400, error('your token rt-1 is dead'), UNKNOWN],
    ['an error that is no text', 400, { error: { code: 1 } }, UNKNOWN],
    [
      'an error named like a member of Object',
      400,
      error('constructor'),
      { ...UNKNOWN, oauthError: 'constructor' },
    ],
    ['an error named __proto__', 400, error('__proto__'), UNKNOWN],
    ['tokens in a 400', 400, TOKENS, UNKNOWN],
  ])('ends as described: %s', async (_name, status, body, expected, headers = {}) => {
    const outcome = await answered(status, body, headers)

    expect(outcome).toEqual({ ...expected, status, origin: expect.stringMatching(/^http:\/\/127/) })
  })

  it.each<
    [
      string,
      Record<string, 'rejected' | 'deferred' | 'refused_before' | 'unknown'>,
      number,
      unknown,
      string,
    ]
  >([
    ['its code', { bad_refresh_token: 'rejected' }, 200, error('bad_refresh_token'), 'rejected'],
    ['its status', { 503: 'deferred' }, 503, '', 'deferred'],
    ['its status that a 503 proves nothing', { 503: 'unknown' }, 503, '', 'unknown'],
    [
      'its code before its status',
      { 400: 'rejected', busy: 'deferred' },
      400,
      error('busy'),
      'deferred',
    ],
    [
      'its code before the RFC',
      { invalid_request: 'deferred' },
      400,
      error('invalid_request'),
      'deferred',
    ],
    [
      'the code of the RFC before its status',
      { 400: 'deferred' },
      400,
      error('invalid_grant'),
      'rejected',
    ],
    [
      'status and code before the code',
      { '403 denied': 'refused_before', denied: 'rejected' },
      403,
      error('denied'),
      'refused',
    ],
    [
      'status and code at this status only',
      { '403 denied': 'refused_before' },
      400,
      error('denied'),
      'unknown',
    ],
    [
      'status and code with this code only',
      { '403 denied': 'refused_before' },
      403,
      'denied',
      'unknown',
    ],
  ])('believes the provider: %s', async (_name, failures, status, body, expected) => {
    const wait = { 'retry-after': '7' }
    const outcome = await answered(status, body, wait, { provider: { failures } })

    expect(outcome).toMatchObject({ outcome: expected })
  })

  it('is unknown when the connection ends before the answer', async () => {
    const outcome = await answeredBy((_request, _response, socket) => socket.destroy())

    expect(outcome).toEqual({ ...UNKNOWN, origin: expect.any(String) })
  })

  it('is unknown when the connection is reset after the request', async () => {
    const outcome = await answeredBy((_request, _response, socket) => socket.resetAndDestroy())

    expect(outcome).toEqual({ ...UNKNOWN, origin: expect.any(String) })
  })

  it('is unknown when the body breaks off', async () => {
    const outcome = await answeredBy((_request, response, socket) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"access_token":"at-2",', () => socket.destroy())
    })

    expect(outcome).toMatchObject({ outcome: 'unknown' })
  })

  it('is deferred when nobody listens: nothing was sent', async () => {
    const server = await loopback(() => {})
    await server.close()

    const outcome = await presentTo(server.origin)

    expect(outcome).toEqual({ ...DEFERRED, code: 'unreachable', origin: server.origin })
  })
})

describe("a provider's own reader", () => {
  const body = { ok: true, data: { token: 'at-2', refresh: 'rt-2' } }
  const read = ({ body }: { body: unknown }): Record<string, unknown> | undefined => {
    const { data } = body as { data?: { token: string; refresh: string } }
    return data && { access_token: data.token, refresh_token: data.refresh }
  }

  it('reads tokens under other names', async () => {
    const outcome = await answered(200, body, {}, { provider: { response: { read } } })

    expect(outcome).toEqual(GRANTED)
  })

  it('says that no token set is there, whatever else looks like one', async () => {
    const outcome = await answered(200, TOKENS, {}, { provider: { response: { read } } })

    expect(outcome).toMatchObject({ outcome: 'unknown' })
  })

  it('leaves the error readable where it finds no token set', async () => {
    const provider = { response: { read } }

    expect(await answered(400, { error: 'invalid_grant' }, {}, { provider })).toMatchObject({
      outcome: 'rejected',
    })
  })

  it('costs no token when it throws', async () => {
    const provider = {
      response: {
        read: () => {
          throw new Error('bug')
        },
      },
    }

    expect(await answered(200, TOKENS, {}, { provider })).toMatchObject(GRANTED)
  })
})

describe('the ID token of an answer (OIDC Core §12.2)', () => {
  const ada = jwt({ iss: 'https://a', sub: 'ada' })

  async function heldAgainst(idToken: string, before: string): Promise<unknown> {
    const server = await loopback((_request, response) =>
      say(response, 200, { ...TOKENS, token_type: undefined, id_token: idToken }),
    )
    return shown(await presentTo(server.origin, {}, { idToken: new Secret(before) }))
  }

  it('is kept when it speaks of the same subject', async () => {
    const later = jwt({ iss: 'https://a', sub: 'ada', iat: 2 })

    expect(await heldAgainst(later, ada)).toEqual({ ...GRANTED, idToken: later })
  })

  it('withholds the set, and is dropped, when the subject is another', async () => {
    const bob = jwt({ iss: 'https://a', sub: 'bob' })

    expect(await heldAgainst(bob, ada)).toEqual({ ...GRANTED, withheld: 'subject_changed' })
  })

  it('is dropped when it is of another issuer', async () => {
    expect(await heldAgainst(jwt({ iss: 'https://b', sub: 'ada' }), ada)).toEqual(GRANTED)
  })

  it('is kept when the one before cannot be read', async () => {
    expect(await heldAgainst(ada, 'opaque')).toEqual({ ...GRANTED, idToken: ada })
  })
})
