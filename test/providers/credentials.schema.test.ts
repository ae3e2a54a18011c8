import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import type { StandardSchema } from '../../providers/credentials.ts'
import { refreshed } from './described.ts'

describe('credentials: the schema', () => {
  const GRANTED = { outcome: 'granted', accessToken: 'at-2', refreshToken: 'rt-2' }
  const TOKENS = { userToken: 'at-2', userRefreshToken: 'rt-2' }

  it.each([
    ['zod', z.object({ data: z.object({ t: z.string() }) }).transform(({ data }) => data)],
    [
      'zod/mini, asynchronous',
      mini.pipe(
        mini.object({ data: mini.object({ t: mini.string() }) }),
        mini.transform(async ({ data }) => data),
      ),
    ],
  ])('transforms: %s', async (_name, schema) => {
    const answer = { accessToken: 't', refreshToken: 'r' }

    const { ended } = await refreshed({ schema, answer }, { data: { t: 'at-2' }, r: 'rt-2' })

    expect(ended).toEqual(GRANTED)
  })

  it('loses no successor of which it knows nothing', async () => {
    const schema = z.object({ userToken: z.string() })

    expect((await refreshed({ schema }, TOKENS)).ended).toEqual(GRANTED)
  })

  it.each([
    ['refuses', z.strictObject({ userToken: z.string() })],
    ['throws', z.unknown().transform(() => raise())],
    // By hand: of an asynchronous transformation that throws, zod leaves a rejection unhandled.
    ['rejects', standard(async () => raise())],
  ])('that %s loses no tokens', async (_what, schema) => {
    expect((await refreshed({ schema }, TOKENS)).ended).toEqual(GRANTED)
  })

  it('that refuses is no proof that the old refresh token is kept', async () => {
    const schema = z.object({ user: z.object({ token: z.string(), refresh: z.string() }) })
    const rotation = 'sometimes'

    const { ended } = await refreshed({ schema, rotation }, { userToken: 'at-2' })

    expect(ended).toEqual({ outcome: 'granted', accessToken: 'at-2', isWithout: true })
  })

  it('that refuses a body without tokens leaves the outcome unknown', async () => {
    const schema = z.object({ userToken: z.string() })

    expect((await refreshed({ schema }, { ok: true })).ended).toMatchObject({ outcome: 'unknown' })
  })
})

function standard(validate: StandardSchema['~standard']['validate']): StandardSchema {
  return { '~standard': { version: 1, validate } }
}

function raise(): never {
  throw new Error('a bug of the schema')
}
