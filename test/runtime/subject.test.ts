import { expect, it } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import type { Store, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { jwt, loopback, say } from '../transport/loopback.ts'
import { handClock } from './clock.ts'

/** A server that answers for Ann first, and for Eve from then on. */
async function ofAnnThenEve() {
  const clock = handClock()
  let answers = 0
  let isBreaking = false
  let isDown = false
  const as = await loopback(({ method }, response) => {
    // The path was silent for an hour.
    if (method === 'HEAD') return say(response, 404, '')
    answers += 1
    isDown = isBreaking
    return say(response, 200, {
      access_token: `access-${answers}`,
      refresh_token: `refresh-${answers}`,
      token_type: 'bearer',
      expires_in: 3_600,
      id_token: jwt({ sub: answers === 1 ? 'ann' : 'eve' }),
    })
  })
  names += 1
  const made = memoryStore({ name: `subjects-${process.pid}-${names}`, clock })
  const store: Store = {
    ...made,
    swap: (...row) => (isDown ? Promise.reject(new Error('down')) : made.swap(...row)),
  }
  const refresher = createRefresher({
    provider: oidc({ issuer: as.origin, tokenEndpoint: `${as.origin}/token` }),
    client: { id: 'app' },
    ledger: { store },
    clock,
    onEvent: () => {},
  })
  const first: TokenSet = {
    accessToken: 'access-0',
    refreshToken: 'refresh-0',
    expiresAtMs: clock.now() - 1,
  }
  const { tokens } = await refresher.refresh(first)
  clock.advance(3_600_000)
  /** Lets no row be written from the next presentation on. */
  const breakStore = (): void => {
    isBreaking = true
  }
  return { clock, refresher, tokens, breakStore }
}

let names = 0

it.each([
  ['no ID token', undefined],
  ['one that cannot be read', 'opaque'],
  ['one of the other subject', jwt({ sub: 'eve' })],
])('the subject is the one that the ledger knows, for a set with %s', async (_, idToken) => {
  const { refresher, tokens } = await ofAnnThenEve()
  const { idToken: known, ...others } = tokens
  expect(known).toBe(jwt({ sub: 'ann' }))

  const outcome = await refresher.refresh({ ...others, ...(idToken !== undefined && { idToken }) })

  expect(outcome).toMatchObject({ usable: false, error: { code: 'subject_changed' } })
  expect(outcome.tokens.accessToken).toBe('access-1')
})

it('tokens of another subject reach nobody past the ledger either', async () => {
  const { refresher, tokens, clock, breakStore } = await ofAnnThenEve()
  breakStore()

  const outcome = await clock.through(refresher.refresh(tokens), (ms) => ms <= 1_000)

  expect(outcome).toMatchObject({ usable: false, error: { code: 'subject_changed' } })
})

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
