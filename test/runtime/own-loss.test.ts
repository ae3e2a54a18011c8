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
