import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { credentials } from '../../providers/credentials.ts'
import { jwt } from '../transport/loopback.ts'
import { COOKIE_GET, JSON_POST } from './described.ts'

const NOW_MS = 1_800_000_000_000

describe('credentials: signIn', () => {
  const api = credentials(JSON_POST)
  const token = jwt({ sub: 'ada', iat: 1_800_000_000, exp: 1_800_000_900 })
  const answerTo = (body: unknown, init?: ResponseInit): Response =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), init)

  it('reads the answer as one to a refresh, and leaves its body readable', async () => {
    const response = answerTo({ userToken: token, userRefreshToken: 'rt-1', user: { name: 'Ada' } })

    const tokens = await api.signIn(response, NOW_MS)

    expect(tokens).toEqual({
      accessToken: token,
      refreshToken: 'rt-1',
      expiresAtMs: NOW_MS + 900_000,
      obtainedAtMs: NOW_MS,
      authorizedAtMs: NOW_MS,
      provider: 'credentials',
    })
    expect(await response.json()).toMatchObject({ user: { name: 'Ada' } })
  })

  it('reads the refresh token out of a cookie', async () => {
    const headers = { 'set-cookie': 'refresh="r%2Bt"; HttpOnly; Path=/' }

    const tokens = await credentials(COOKIE_GET).signIn(answerTo({ token }, { headers }))

    expect(tokens).toMatchObject({ accessToken: token, refreshToken: '"r%2Bt"' })
  })

  it('holds a schema as lightly as an answer to a refresh does', async () => {
    const schema = z.object({ t: z.string() }).transform(async ({ t }) => ({ userToken: t }))
    const strict = credentials({ ...JSON_POST, schema })

    expect(await strict.signIn(answerTo({ t: 'at-1' }))).toMatchObject({ accessToken: 'at-1' })
    expect(await strict.signIn(answerTo({ userToken: 'at-1' }))).toMatchObject({
      accessToken: 'at-1',
    })
  })

  it.each<[what: string, response: () => Promise<Response>, says: object]>([
    ['a 401', async () => answerTo('at-secret', { status: 401 }), { code: 'refused', status: 401 }],
    ['no JSON', async () => answerTo('at-secret'), { code: 'invalid_tokens' }],
    [
      'no token',
      async () => answerTo({ token: 'at-secret' }),
      { message: expect.stringMatching(/no access token at 'userToken'/) },
    ],
    ["'undefined'", async () => answerTo({ userToken: 'undefined' }), { code: 'invalid_tokens' }],
    [
      'a body that was read',
      async () => {
        const response = answerTo({ userToken: 'at-secret' })
        await response.text()
        return response
      },
      { message: expect.stringMatching(/read it after signIn/) },
    ],
  ])('says what is wrong with %s, and prints no token', async (_what, response, says) => {
    const error: unknown = await api.signIn(await response()).catch((error: unknown) => error)

    expect(error).toMatchObject({ provider: 'credentials', ...says })
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('at-secret')
  })

  it('reads no more than 1 MiB', async () => {
    let pulled = 0
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(64 * 1024).fill(32))
      },
    })

    await expect(api.signIn(new Response(body))).rejects.toMatchObject({ code: 'invalid_tokens' })
    expect(pulled).toBeLessThan(32)
  })
})
