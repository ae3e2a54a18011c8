import { describe, expect, it } from 'vitest'
import { createRefresher, defineProvider } from '../../src/index.ts'
import type { Refresher, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

let ledgers = 0

/** A refresher against a server that answers as no server should. */
function serving(status: number, body: unknown) {
  const sent: string[] = []
  const refresher: Refresher = createRefresher({
    provider: defineProvider({ id: 'as', tokenEndpoint: 'https://id.example.com/token' }),
    client: { id: 'app' },
    ledger: { store: memoryStore({ name: `own-loss-${(ledgers += 1)}` }) },
    timeouts: { waitMs: 10 },
    onEvent() {},
    async fetch(url) {
      sent.push(url)
      return Response.json(body, { status })
    },
  })
  return { refresher, sent }
}

const EXPIRED: TokenSet = {
  accessToken: 'at-1',
  refreshToken: 'rt-1',
  expiresAtMs: 1_600_000_000_000,
}

describe('a process that knows how its presentation ended', () => {
  it.each<[string, number, unknown]>([
    ['a 401 with a code inside of an object', 401, { error: { code: 'refresh_token_reused' } }],
    ['a 500', 500, {}],
    ['invalid_scope', 400, { error: 'invalid_scope' }],
  ])('lets its next callers wait for nothing: %s', async (_name, status, body) => {
    const { refresher, sent } = serving(status, body)

    const first = await refresher.refresh(EXPIRED)
    const later = [await refresher.refresh(EXPIRED), await refresher.refresh(first.tokens)]

    for (const outcome of later) {
      expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    }
    expect(sent).toHaveLength(1)
  })
})

describe('canSignInSilently', () => {
  const refused = { error: 'invalid_grant' }
  const oidcMetadata = { subject_types_supported: ['public'] }

  it.each<[string, object, number, unknown, Partial<TokenSet>, boolean]>([
    ['lost, at an OpenID provider', oidcMetadata, 500, {}, {}, true],
    ['lost, with the prompt named', { prompt_values_supported: ['none'] }, 500, {}, {}, true],
    ['no refresh token', oidcMetadata, 500, {}, { refreshToken: undefined }, false],
    ['past its lifetime', oidcMetadata, 400, refused, { authorizedAtMs: 1_500_000_000_000 }, true],
    ['the prompt left out', { prompt_values_supported: ['login'] }, 500, {}, {}, false],
    ['no OpenID provider', {}, 500, {}, {}, false],
    ['refused', oidcMetadata, 400, refused, {}, false],
    ['away', oidcMetadata, 429, {}, {}, false],
  ])('%s', async (_name, metadata, status, body, set, expected) => {
    const issuer = 'https://id.example.com'
    const refresher = createRefresher({
      provider: defineProvider({ id: 'as', issuer, response: { refreshLifetimeMs: 1_000_000 } }),
      client: { id: 'app' },
      ledger: { store: memoryStore({ name: `own-loss-${(ledgers += 1)}` }) },
      timeouts: { waitMs: 10 },
      onEvent() {},
      fetch: async (url) =>
        url.includes('.well-known')
          ? Response.json({ issuer, token_endpoint: `${issuer}/token`, ...metadata })
          : Response.json(body, { status }),
    })

    const outcomes = [
      await refresher.refresh({ ...EXPIRED, ...set }),
      await refresher.refresh({ ...EXPIRED, ...set }),
    ]

    expect(outcomes.map((each) => each.canSignInSilently)).toEqual([expected, expected])
  })

  it('is what the provider says, before the metadata', async () => {
    const { refresher } = serving(500, {})
    const known = defineProvider({
      id: 'as',
      tokenEndpoint: 'https://id.example.com/token',
      silentSignIn: true,
    })
    const silent = createRefresher({
      provider: known,
      client: { id: 'app' },
      ledger: { store: memoryStore({ name: `own-loss-${(ledgers += 1)}` }) },
      onEvent() {},
      fetch: async () => Response.json({}, { status: 500 }),
    })

    expect(await refresher.refresh(EXPIRED)).toMatchObject({ canSignInSilently: false })
    expect(await silent.refresh(EXPIRED)).toMatchObject({ canSignInSilently: true })
    const bare = { ...EXPIRED, refreshToken: undefined }
    expect(await silent.refresh(bare)).toMatchObject({ canSignInSilently: true })
  })
})
