import { credentials } from '../../providers/credentials.ts'
import type { CredentialsProvider } from '../../providers/credentials.ts'

const MAINTENANCE = { 503: 'deferred' } as const

/** A shape that the tutorials have, and how they refresh by hand. */
export interface Shape {
  readonly name: string
  readonly login: string
  readonly api: (origin: string) => CredentialsProvider
  readonly byHand: (origin: string, refreshToken: string) => Promise<Response>
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'JSON by POST',
    login: '/login',
    api: (origin) =>
      credentials({
        url: `${origin}/refresh`,
        carry: { json: 'userRefreshToken' },
        answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
        failures: MAINTENANCE,
      }),
    byHand: (origin, userRefreshToken) =>
      fetch(`${origin}/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userRefreshToken }),
      }),
  },
  {
    name: 'a cookie by GET',
    login: '/cookie/login',
    api: (origin) =>
      credentials({
        url: `${origin}/cookie/refresh`,
        method: 'GET',
        carry: { cookie: 'refresh' },
        answer: { accessToken: 'token' },
        failures: MAINTENANCE,
      }),
    byHand: (origin, refreshToken) =>
      fetch(`${origin}/cookie/refresh`, { headers: { cookie: `refresh=${refreshToken}` } }),
  },
]
