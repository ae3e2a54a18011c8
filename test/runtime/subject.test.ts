import { expect, it } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { jwt, loopback, say } from '../transport/loopback.ts'
import { handClock } from './clock.ts'

it('tokens of another subject are settled, handed to nobody, not asked for again', async () => {
  const clock = handClock()
  const as = await loopback((_, response) =>
    say(response, 200, {
      access_token: 'access-of-eve',
      refresh_token: 'refresh-of-eve',
      token_type: 'bearer',
      expires_in: 3_600,
      id_token: jwt({ sub: 'eve' }),
    }),
  )
  const provider = oidc({ issuer: as.origin, tokenEndpoint: `${as.origin}/token` })
  const made = memoryStore({ name: `subject-${process.pid}`, clock })
  const refresherOf = (name: string): ReturnType<typeof createRefresher> =>
    createRefresher({
      provider,
      client: { id: 'app' },
      ledger: { store: { ...made, name } },
      clock,
      onEvent: () => {},
    })
  const tokens = {
    accessToken: 'access-of-ann',
    refreshToken: 'refresh-of-ann',
    expiresAtMs: clock.now() - 1,
    idToken: jwt({ sub: 'ann' }),
  }

  const first = await refresherOf('one').refresh(tokens)
  const second = await refresherOf('two').refresh(first.tokens)

  for (const outcome of [first, second]) {
    expect(outcome).toMatchObject({
      state: 'error',
      usable: false,
      accessToken: undefined,
      needsSignIn: true,
      error: { code: 'subject_changed' },
    })
    expect(JSON.stringify(outcome)).not.toContain('eve')
  }
  expect(as.seen).toHaveLength(1)
})
