import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import { createRefresher, defineProvider } from '../../src/index.ts'
import type { Refresher, RefreshEvent, TokenSet } from '../../src/index.ts'
import { authorizedFetch } from '../../src/integrations/authorized-fetch.ts'
import { memoryStore } from '../../src/stores/memory.ts'

interface Server {
  readonly refresher: Refresher
  readonly events: RefreshEvent[]
  /** The refresh tokens that were presented, in their order. */
  readonly presented: string[]
}

let ledgers = 0

/** A refresher against a server that gives these answers, one after the other. */
function serving(
  ...answers: readonly (readonly [status: number, body: object, challenge?: string])[]
): Server {
  const presented: string[] = []
  const events: RefreshEvent[] = []
  const refresher = createRefresher({
    provider: defineProvider({ id: 'as', tokenEndpoint: 'https://id.example.com/token' }),
    client: { id: 'app' },
    ledger: { store: memoryStore({ name: `unusable-${(ledgers += 1)}` }) },
    onEvent: (event) => void events.push(event),
    async fetch(_url, { body }) {
      presented.push(new URLSearchParams(await new Response(body).text()).get('refresh_token')!)
      const [status, answer, challenge] = answers[presented.length - 1]!
      const headers = challenge === undefined ? {} : { 'www-authenticate': challenge }
      return Response.json(answer, { status, headers })
    },
  })
  return { refresher, events, presented }
}

const EXPIRED: TokenSet = {
  accessToken: 'at-1',
  refreshToken: 'rt-1',
  tokenType: 'bearer',
  expiresAtMs: 1_600_000_000_000,
}
const GOOD = { access_token: 'at-3', refresh_token: 'rt-3', token_type: 'Bearer', expires_in: 60 }

describe('an answer whose access token cannot be used', () => {
  it.each<[string, object]>([
    ['with a line break', { ...GOOD, access_token: 'secret\nat-2' }],
    ['that is no ASCII', { ...GOOD, access_token: 'secret-ü' }],
    ['with a zero byte', { ...GOOD, access_token: 'secret\0' }],
    ['of more than 16 KiB', { ...GOOD, access_token: 'secret'.padEnd(16_385, 'x') }],
    ['of another type', { ...GOOD, access_token: 'secret', token_type: 'DPoP' }],
    ['of the type mac', { ...GOOD, access_token: 'secret', token_type: 'mac' }],
  ])('is settled and not handed out: %s', async (_name, answer) => {
    const { refresher, presented, events } = serving(
      [200, { ...answer, refresh_token: 'rt-2' }],
      [200, GOOD],
    )

    const first = await refresher.refresh(EXPIRED)
    const second = await refresher.refresh(first.tokens)

    expect(first).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'unusable', hint: expect.stringContaining('The server') },
    })
    expect(inspect([first, events], { depth: 9 })).not.toContain('secret')
    expect(second).toMatchObject({ state: 'rotated', accessToken: 'at-3' })
    expect(presented).toEqual(['rt-1', 'rt-2'])
  })

  it('keeps a refresh token that was kept', async () => {
    const bad = { access_token: 'a\nb', token_type: 'Bearer' }
    const { refresher, presented } = serving([200, bad], [200, GOOD])

    const first = await refresher.refresh(EXPIRED)

    expect(first.error?.code).toBe('unusable')
    expect(await refresher.refresh(first.tokens)).toMatchObject({ accessToken: 'at-3' })
    expect(presented).toEqual(['rt-1', 'rt-1'])
  })

  it.each([
    ['at 16 KiB', { ...GOOD, access_token: 'x'.repeat(16_384) }, EXPIRED],
    ['of the same type in capitals', { ...GOOD, token_type: 'BEARER' }, EXPIRED],
    ['without a type', { ...GOOD, token_type: undefined }, EXPIRED],
    [
      'of any type, where none is held',
      { ...GOOD, token_type: 'DPoP' },
      { ...EXPIRED, tokenType: undefined },
    ],
  ])('is none %s', async (_name, answer, tokens) => {
    expect(await serving([200, answer]).refresher.refresh(tokens)).toMatchObject({ usable: true })
  })

  it('keeps a refresh token without what stands around it', async () => {
    const { refresher, presented } = serving(
      [200, { ...GOOD, refresh_token: 'rt-2\n' }],
      [200, GOOD],
    )

    const first = await refresher.refresh(EXPIRED)

    expect(first).toMatchObject({ usable: false, error: { code: 'unusable' } })
    expect(await refresher.refresh(first.tokens)).toMatchObject({ accessToken: 'at-3' })
    expect(presented).toEqual(['rt-1', 'rt-2'])
  })

  it('drops a refresh token that is malformed: the presented one is spent', async () => {
    const { refresher, presented } = serving([200, { ...GOOD, refresh_token: 'sec\nret' }])

    const first = await refresher.refresh(EXPIRED)
    const second = await refresher.refresh(first.tokens)

    expect(first.error?.code).toBe('unusable')
    expect(second).toMatchObject({ needsSignIn: true, error: { code: 'no_refresh_token' } })
    expect(inspect([first, second], { depth: 9 })).not.toMatch(/sec.*ret/)
    expect(presented).toEqual(['rt-1'])
  })
})

describe('what stands around a stored token', () => {
  it.each(['rt-1\n', 'rt-1\r\n', '\u{feff}rt-1', 'rt-1\u200b', ' \trt-1', 'rt-1   ', 'rt-1\0'])(
    'is not of it, so that both spellings are one token: %j',
    async (refreshToken) => {
      const { refresher, presented } = serving([200, { ...GOOD, refresh_token: 'rt-3 ' }])

      const [one, other] = await Promise.all([
        refresher.refresh({ ...EXPIRED, refreshToken }),
        refresher.refresh(EXPIRED),
      ])
      const later = await refresher.refresh({ ...EXPIRED, accessToken: 'at-1\n', refreshToken })

      expect([one, other, later].map((each) => each.tokens.refreshToken)).toEqual(
        Array.from({ length: 3 }, () => 'rt-3'),
      )
      expect(presented).toEqual(['rt-1'])
    },
  )

  it('is no part of a fresh access token that is handed out', async () => {
    const fresh = { accessToken: '\u{feff}at-1\r\n', expiresAtMs: 4_000_000_000_000 }

    expect(await serving().refresher.refresh(fresh)).toMatchObject({
      state: 'fresh',
      changed: false,
      accessToken: 'at-1',
    })
  })

  it('does not keep a chain from being revoked', async () => {
    const { refresher } = serving([200, GOOD])
    const { tokens } = await refresher.refresh(EXPIRED)

    await refresher.revoke({ ...tokens, refreshToken: `${tokens.refreshToken}\n` })

    expect(await refresher.refresh({ ...tokens, expiresAtMs: 0 })).toMatchObject({
      state: 'revoked',
    })
  })

  it.each([
    ['"secret"', 'stands in quotes'],
    ["'secret'", 'stands in quotes'],
    ['sec\nret', 'has a line break'],
    ['secret…', 'no token can hold'],
    ['secret'.padEnd(16_385, 'x'), '16 KiB'],
    ['null\n', 'code wrote without one'],
  ])('is told, and nothing is sent, where it may be of it: %j', async (refreshToken, hint) => {
    const { refresher, presented } = serving()

    const outcome = await refresher.refresh({ ...EXPIRED, refreshToken })

    expect(outcome).toMatchObject({
      needsSignIn: false,
      error: {
        code: 'invalid_tokens',
        field: 'refreshToken',
        hint: expect.stringContaining(hint),
      },
    })
    expect(inspect(outcome.error)).not.toMatch(/sec.?ret/)
    expect(presented).toEqual([])
  })
})

describe('use_dpop_nonce (RFC 9449 §8)', () => {
  it.each([400, 401])('with status %i: the token is not consumed', async (status) => {
    const { refresher, presented } = serving([status, { error: 'use_dpop_nonce' }], [200, GOOD])

    const first = await refresher.refresh(EXPIRED)

    expect(first).toMatchObject({
      needsSignIn: false,
      error: { code: 'refused', oauthError: 'use_dpop_nonce', status },
    })
    expect(await refresher.refresh(first.tokens)).toMatchObject({ accessToken: 'at-3' })
    expect(presented).toEqual(['rt-1', 'rt-1'])
  })

  it('may stand in a challenge only', async () => {
    const { refresher, presented } = serving([401, {}, 'DPoP error="use_dpop_nonce"'], [200, GOOD])

    const first = await refresher.refresh(EXPIRED)

    expect(first).toMatchObject({ error: { code: 'refused', oauthError: 'use_dpop_nonce' } })
    expect(await refresher.refresh(first.tokens)).toMatchObject({ accessToken: 'at-3' })
    expect(presented).toEqual(['rt-1', 'rt-1'])
  })

  it('proves nothing with status 500', async () => {
    const { refresher } = serving([500, { error: 'use_dpop_nonce' }])

    expect(await refresher.refresh(EXPIRED)).toMatchObject({ error: { code: 'unknown' } })
  })
})

describe('authorizedFetch', () => {
  it.each(['secret\nx', 'secret-ü', 'secret'.padEnd(16_385, 'x')])(
    'never prints an access token that no header can hold',
    async (accessToken) => {
      const { refresher } = serving()
      const load = async (): Promise<TokenSet> => ({ accessToken, expiresAtMs: 4_000_000_000_000 })
      const save = async (): Promise<void> => {}
      const api = authorizedFetch(
        { refresher, load, save },
        { origins: ['https://api.example.com'], fetch: async () => new Response() },
      )

      const error: unknown = await api('https://api.example.com/').catch((e: unknown) => e)

      expect(error).toMatchObject({ code: 'unusable' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret')
    },
  )
})

describe('a refresh token in quotes', () => {
  it('is what a server sends in a cookie: it is kept, and sent back with its quotes', async () => {
    const cookies: string[] = []
    const refresher = createRefresher({
      provider: credentials({
        url: 'https://api.example.com/refresh',
        carry: { cookie: 'refresh' },
        answer: { accessToken: 'token', expiresIn: 'expires_in' },
      }),
      ledger: { store: memoryStore({ name: `unusable-${(ledgers += 1)}` }) },
      refusedFloorMs: 0,
      onEvent: () => {},
      async fetch(_url, { headers }) {
        cookies.push(new Headers(headers).get('cookie')!)
        const set = { 'set-cookie': `refresh="rt+${cookies.length}"; HttpOnly` }
        return Response.json({ token: `at-${cookies.length}`, expires_in: 60 }, { headers: set })
      },
    })

    const first = await refresher.refresh({ ...EXPIRED, refreshToken: '"rt+0"' })
    const second = await refresher.refresh(first.tokens, { refused: true })

    expect(second).toMatchObject({ usable: true, tokens: { refreshToken: '"rt+2"' } })
    expect(cookies).toEqual(['refresh="rt+0"', 'refresh="rt+1"'])
  })
})
