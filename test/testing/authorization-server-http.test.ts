import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type {
  AuthorizationServer,
  ExchangeFault,
  ServerDescription,
} from '../../src/testing/authorization-server.ts'
import { manualClock } from '../ledger/manual-clock.ts'

const STRICT: ServerDescription = {
  name: 'strict',
  rotation: 'always',
  reuseEffect: 'error',
  wire: { tokenType: 'Bearer', expiresIn: 'number' },
}

const SLOW_HEADERS = { headersMs: 4_000, bodyMs: 0 }
const SLOW_BODY = { headersMs: 0, bodyMs: 9_000 }
const SLOW = { headersMs: 4_000, bodyMs: 9_000 }
const ELSEWHERE = 'http://127.0.0.1:9'

interface Row {
  readonly name: string
  readonly pace?: ServerDescription['pace']
  readonly fault?: ExchangeFault
  /** What reaches the client, and how long the server takes for it, in order. */
  readonly happens: readonly string[]
  /** Default: none. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** How often the token arrived, and whether it lives after it. */
  readonly arrives: number
  readonly lives: boolean
}

const WHOLE = ['headers 200', 'body', 'end']
const GRANTED: unknown = expect.stringMatching(
  /^\{"access_token":".+","refresh_token":".+","expires_in":3600,.+\}$/,
)
const DEAD = '{"error":"invalid_grant"}'
const spent = { arrives: 1, lives: false }
const untouched = { arrives: 0, lives: true }

const ROWS: readonly Row[] = [
  { name: 'no pace', happens: WHOLE, body: GRANTED, ...spent },
  {
    name: 'slow headers',
    pace: SLOW_HEADERS,
    happens: ['4000 ms', ...WHOLE],
    body: GRANTED,
    ...spent,
  },
  {
    name: 'a slow body',
    pace: SLOW_BODY,
    happens: ['headers 200', '9000 ms', 'body', 'end'],
    body: GRANTED,
    ...spent,
  },
  {
    name: 'slow headers, and then a slow body',
    pace: SLOW,
    happens: ['4000 ms', 'headers 200', '9000 ms', 'body', 'end'],
    body: GRANTED,
    ...spent,
  },
  {
    name: 'a late answer of a slow server',
    pace: SLOW,
    fault: { kind: 'late', byMs: 60_000 },
    happens: ['64000 ms', 'headers 200', '9000 ms', 'body', 'end'],
    body: GRANTED,
    ...spent,
  },
  {
    name: 'a slow body that breaks off',
    pace: SLOW_BODY,
    fault: { kind: 'cut', atByte: 12 },
    happens: ['headers 200', '9000 ms', 'body', 'breaks off'],
    body: '{"access_tok',
    ...spent,
  },
  {
    name: 'a body that breaks off before its first byte',
    fault: { kind: 'cut', atByte: 0 },
    happens: ['headers 200', 'breaks off'],
    ...spent,
  },
  {
    name: 'a connection that breaks when the request has been processed',
    fault: { kind: 'reset', when: 'after_consuming' },
    happens: ['no answer'],
    ...spent,
  },
  {
    name: 'a connection that breaks before',
    fault: { kind: 'reset', when: 'before_consuming' },
    happens: ['no answer'],
    ...untouched,
  },
  {
    name: 'silence when the request has been processed',
    fault: { kind: 'silence', isProcessed: true },
    happens: ['silence'],
    ...spent,
  },
  {
    name: 'silence before',
    fault: { kind: 'silence', isProcessed: false },
    happens: ['silence'],
    ...untouched,
  },
  {
    name: '503 of a gateway, when the request has been processed, slowly',
    pace: SLOW_HEADERS,
    fault: { kind: 'status', status: 503, retryAfterSeconds: 3, isProcessed: true },
    happens: ['4000 ms', 'headers 503', 'body', 'end'],
    body: '<h1>503</h1>',
    headers: { 'retry-after': '3', 'content-type': 'text/html' },
    ...spent,
  },
  {
    name: '429 of a gateway',
    fault: { kind: 'status', status: 429, isProcessed: false },
    happens: ['headers 429', 'body', 'end'],
    body: '<h1>429</h1>',
    ...untouched,
  },
  {
    name: '200 that nobody can read',
    fault: { kind: 'garbage', body: '{"access_token":', isProcessed: true },
    happens: WHOLE,
    body: '{"access_token":',
    ...spent,
  },
  ...([302, 307, 308] as const).map((status) => ({
    name: `${status} to another host`,
    fault: { kind: 'redirect', status, to: ELSEWHERE, isProcessed: false } as const,
    happens: [`headers ${status}`, 'end'],
    headers: { location: `${ELSEWHERE}/token` },
    ...untouched,
  })),
  {
    name: 'a redirect when the request has been processed, with slow headers',
    pace: SLOW_HEADERS,
    fault: { kind: 'redirect', status: 307, to: ELSEWHERE, isProcessed: true },
    happens: ['4000 ms', 'headers 307', 'end'],
    headers: { location: `${ELSEWHERE}/token` },
    ...spent,
  },
  {
    name: 'the first answer to a request that was sent twice',
    fault: { kind: 'duplicated', answer: 'first' },
    happens: WHOLE,
    body: GRANTED,
    arrives: 2,
    lives: false,
  },
  {
    name: 'the second answer to a request that was sent twice',
    fault: { kind: 'duplicated', answer: 'second' },
    happens: ['headers 400', 'body', 'end'],
    body: DEAD,
    arrives: 2,
    lives: false,
  },
  {
    name: 'a client that is not known',
    fault: { kind: 'client_refused' },
    happens: ['headers 401', 'body', 'end'],
    body: '{"error":"invalid_client"}',
    headers: { 'www-authenticate': 'Basic' },
    ...untouched,
  },
  {
    name: 'consent that was withdrawn',
    fault: { kind: 'consent_withdrawn' },
    happens: ['headers 400', 'body', 'end'],
    body: DEAD,
    ...spent,
  },
]

describe('over HTTP a client meets', () => {
  it.each(ROWS)('$name', async (row) => {
    const { pace, fault, happens, body = '', headers = {}, arrives, lives } = row
    const time = timeThatIsAskedFor()
    await using server = await authorizationServer({ ...STRICT, pace }, { clock: time.clock })
    const { refreshToken } = server.signIn()
    if (fault !== undefined) server.failNext(fault)

    const met = await meeting(server, refreshToken, time)

    expect(met).toMatchObject({ happened: happens, headers, body })
    expect(server.presentations(refreshToken)).toBe(arrives)
    expect(server.isLive(refreshToken)).toBe(lives)
  })

  it('each fault once, in the order in which they were asked for', async () => {
    const time = timeThatIsAskedFor()
    await using server = await authorizationServer(STRICT, { clock: time.clock })
    const { refreshToken } = server.signIn()
    const other = (status: 429 | 502) => ({ kind: 'status', status, isProcessed: false }) as const
    server.failNext(other(502), { kind: 'reset', when: 'before_consuming' })
    server.failNext(other(429))

    const met: string[] = []
    for (let request = 0; request < 4; request += 1) {
      met.push((await meeting(server, refreshToken, time)).happened[0]!)
    }

    expect(met).toEqual(['headers 502', 'no answer', 'headers 429', 'headers 200'])
  })

  it.each([
    [302, 'GET, and drops the token', ['signed_in', 'presented', 'refused']],
    [307, 'POST, and hands the token to another host', ['signed_in', 'presented', 'granted']],
  ] as const)('%d, which a client that follows it sends on as %s', async (status, _, kinds) => {
    await using elsewhere = await authorizationServer(STRICT)
    await using server = await authorizationServer(STRICT)
    server.failNext({ kind: 'redirect', status, to: elsewhere.issuer, isProcessed: false })
    const { refreshToken } = elsewhere.signIn()
    const body = new URLSearchParams({ refresh_token: refreshToken })

    await fetch(server.tokenEndpoint, { method: 'POST', body, redirect: 'follow' })

    expect(elsewhere.journal.map(({ kind }) => kind)).toEqual(kinds)
  })
})

/** A clock that stands still, and how long it was asked to wait. */
function timeThatIsAskedFor() {
  const clock = manualClock()
  const asked: number[] = []
  const noting = {
    ...clock,
    setTimeout(callback: () => void, ms: number) {
      asked.push(ms)
      return clock.setTimeout(callback, ms)
    },
  }
  return {
    clock: noting,
    /** Lets the time pass that was asked for next. */
    pass(): number | undefined {
      const ms = asked.shift()
      if (ms !== undefined) clock.advance(ms)
      return ms
    },
  }
}

interface Met {
  readonly happened: readonly string[]
  readonly body: string
  readonly headers: object
}

/** One refresh request: time passes for the server only when nothing else can happen. */
async function meeting(
  server: AuthorizationServer,
  refreshToken: string,
  { pass }: ReturnType<typeof timeThatIsAskedFor>,
): Promise<Met> {
  const happened: string[] = []
  let body = ''
  let headers = {}
  const ends = ['end', 'breaks off', 'no answer', 'silence']
  const sent = request(server.tokenEndpoint, { method: 'POST', agent: false })
  sent.on('response', (response) => {
    happened.push(`headers ${response.statusCode}`)
    headers = response.headers
    response.on('data', (chunk) => {
      happened.push('body')
      body += String(chunk)
    })
    response.on('end', () => happened.push('end'))
    response.on('error', () => happened.push('breaks off'))
  })
  sent.on('error', () => {
    if (!ends.includes(happened.at(-1) ?? '')) happened.push('no answer')
  })
  sent.end(new URLSearchParams({ refresh_token: refreshToken }).toString())
  while (!ends.includes(happened.at(-1) ?? '')) {
    const before = happened.length
    await allHasArrived(server)
    if (happened.length > before) continue
    const ms = pass()
    happened.push(ms === undefined ? 'silence' : `${ms} ms`)
  }
  sent.destroy()
  return { happened, body, headers }
}

/** What the server wrote before it answered these is there when their answers are. */
async function allHasArrived({ issuer }: AuthorizationServer): Promise<void> {
  for (let trip = 0; trip < 3; trip += 1) {
    await fetch(`${issuer}/.well-known/oauth-authorization-server`).then((said) => said.text())
  }
}
