import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { backend } from '../../docs/examples/credentials-backend/backend.ts'

/** Whom the backend knows, as they fill in the form. */
export const ADA = { name: 'ada', password: 'correct horse' } as const

/** The example of a backend, and what it is asked. */
export interface Backend {
  readonly origin: string
  /** How often each refresh token was presented. */
  readonly presented: ReadonlyMap<string, number>
  revoke(token: string): Promise<unknown>
  stop(): Promise<void>
}

interface Body {
  readonly userRefreshToken?: string
}

export async function startBackend(accessTokenMs: number): Promise<Backend> {
  const presented = new Map<string, number>()
  const users = { [ADA.name]: ADA.password }
  const example = backend({ users, accessTokenS: accessTokenMs / 1000 })
  const app = express().use(express.json())
  app.use(({ path, body, headers }: Request<object, unknown, Body | undefined>, _, next) => {
    const cookie = /refresh=([^;]*)/.exec(headers.cookie ?? '')?.[1]
    const token = cookie ?? body?.userRefreshToken
    if (path.endsWith('/refresh') && token) presented.set(token, (presented.get(token) ?? 0) + 1)
    next()
  })
  const server = app.use(example).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    presented,
    revoke: (token) =>
      fetch(`${origin}/revoke`, { method: 'POST', body: new URLSearchParams({ token }) }),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
