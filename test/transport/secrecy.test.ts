import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { jwt, loopback, say } from './loopback.ts'
import type { Answer } from './loopback.ts'
import { discovering, transportTo } from './setup.ts'

const CANARY = 'canary'
const PRESENTED = {
  refreshToken: new Secret(`${CANARY}rtone`),
  accessToken: new Secret(`${CANARY}atone`),
  idToken: new Secret(jwt({ sub: 'ada', canary: CANARY })),
  audience: { resource: `https://api.example/${CANARY}` },
}

/** Everything that can hold a secret holds one: members, text, headers, status line. */
const members = {
  access_token: `${CANARY}attwo`,
  refresh_token: `${CANARY}rttwo`,
  id_token: jwt({ sub: 'bob', canary: CANARY }),
  scope: CANARY,
  token_type: CANARY,
  error_description: CANARY,
  error_uri: `https://${CANARY}`,
  [CANARY]: CANARY,
}
const headers = {
  'www-authenticate': `Bearer error="${CANARY}"`,
  location: `/${CANARY}`,
  [CANARY]: CANARY,
}

const ANSWERS: [string, Answer][] = [
  ...[200, 400, 401, 429, 500, 307].flatMap((status): [string, Answer][] => [
    [`${status} with tokens`, (_request, response) => say(response, status, members, headers)],
    [
      `${status} without access token`,
      (_request, response) =>
        say(
          response,
          status,
          { ...members, access_token: undefined, error: 'invalid_grant' },
          headers,
        ),
    ],
    [
      `${status} echoing the token as error`,
      ({ form }, response) =>
        say(response, status, { error: form['refresh_token'] ?? form['token'] }, headers),
    ],
    [
      `${status} with a new token as error`,
      (_request, response) => say(response, status, { error: `${CANARY}7f3b` }, headers),
    ],
    [`${status} of text`, (_request, response) => say(response, status, CANARY, headers)],
  ]),
  [
    'a broken body',
    (_request, response, socket) => {
      response.writeHead(200, { 'content-length': '999' })
      response.write(JSON.stringify({ ...members, access_token: undefined }), () =>
        socket.destroy(),
      )
    },
  ],
  ['a reset', (_request, _response, socket) => socket.resetAndDestroy()],
]

/** All that a value says of itself, as a log or a store would write it. */
const printed = (value: unknown): string =>
  [
    JSON.stringify(value),
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    String(value),
  ].join('\n')

describe('what comes out holds no secret', () => {
  it.each(ANSWERS)('%s', async (_name, answer) => {
    const server = await loopback(answer)
    const setup = {
      client: { id: `app-${CANARY}`, secret: `${CANARY}secret` },
      timeoutMs: 200,
      provider: { tokenEndpoint: `${server.origin}/token/${CANARY}?key=${CANARY}` },
    }
    const transport = transportTo(server.origin, setup)

    const prepared = await transport.prepare(PRESENTED)
    if (!prepared.ready) throw new Error(prepared.code)
    const ended = await prepared.present()
    const revoked = await transport.revoke({ token: PRESENTED.refreshToken, hint: 'refresh_token' })
    const unprepared = await discovering(`${server.origin}/${CANARY}`, { timeoutMs: 200 }).prepare(
      PRESENTED,
    )

    // Scope and token type of a grant are no secrets: they are the caller's to know.
    const scrubbed =
      ended.outcome === 'granted'
        ? { ...ended.response, access: { ...ended.response.access, scope: '', tokenType: '' } }
        : ended
    for (const value of [transport, prepared, scrubbed, revoked, unprepared]) {
      expect(printed(value)).not.toContain(CANARY)
    }
  })

  it('would see one (the check can fail)', () => {
    expect(printed({ a: { b: [`x${CANARY}`] } })).toContain(CANARY)
  })

  it('speaks of an origin, not of a URL', async () => {
    const server = await loopback((_request, response) => say(response, 500, ''))
    const transport = transportTo(server.origin)

    const prepared = await transport.prepare(PRESENTED)

    expect(prepared.ready && (await prepared.present())).toMatchObject({
      origin: server.origin,
    })
  })
})
