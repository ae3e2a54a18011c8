import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { backend } from '../../docs/examples/credentials-backend/backend.ts'

const ADA = { name: 'ada', password: 'correct horse' }

/**
 * The example on a free port, and both its ways to sign in and to refresh.
 *
 * @param together How many refreshes are let in at the same moment.
 */
async function listen(together = 1) {
  const waiting: (() => void)[] = []
  const app = express().use(express.json())
  app.use(({ path }, _, next) => {
    if (!path.endsWith('/refresh')) return next()
    waiting.push(next)
    if (waiting.length === together) for (const go of waiting.splice(0)) go()
  })
  const server = app.use(backend({ users: { ada: ADA.password } })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const post = (path: string, body: object): Promise<Response> =>
    fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  return {
    json: {
      signIn: () => post('/login', ADA),
      refresh: (userRefreshToken: string) => post('/refresh', { userRefreshToken }),
      tokenIn: async (answer: Response) =>
        ((await answer.json()) as { userRefreshToken: string }).userRefreshToken,
    },
    cookie: {
      signIn: () => post('/cookie/login', ADA),
      refresh: (token: string) =>
        fetch(`${origin}/cookie/refresh`, { headers: { cookie: `refresh=${token}` } }),
      tokenIn: async (answer: Response) =>
        /refresh=([^;]*)/.exec(answer.headers.getSetCookie()[0]!)![1]!,
    },
  }
}

describe.each(['json', 'cookie'] as const)('docs/examples/credentials-backend, %s', (shape) => {
  it('answers each refresh token with the next one', async () => {
    const { signIn, refresh, tokenIn } = (await listen())[shape]

    const first = await tokenIn(await signIn())
    const second = await tokenIn(await refresh(first))
    const third = await tokenIn(await refresh(second))

    expect(new Set([first, second, third]).size).toBe(3)
  })

  it('takes one of two presentations at the same moment, and ends the session', async () => {
    const { signIn, refresh, tokenIn } = (await listen(2))[shape]
    const token = await tokenIn(await signIn())

    const answers = await Promise.all([refresh(token), refresh(token)])

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401])
    const successor = await tokenIn(answers.find(({ status }) => status === 200)!)
    const late = await Promise.all([refresh(successor), refresh(successor)])
    expect(late.map(({ status }) => status)).toEqual([401, 401])
  })
})
