import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An authorization server in a process of its own: it takes no time from who is measured. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly origin: string
  /** How often a refresh token was presented since this was asked the last time. */
  presentations(): Promise<number>
}

interface Manner {
  /** How long it thinks before it answers, milliseconds. */
  readonly delayMs: number
  /** Whether an answer brings a new refresh token. */
  readonly rotates: boolean
}

export async function startAuthorizationServer(manner: Manner): Promise<AuthorizationServer> {
  const role = ['authorization-server', JSON.stringify(manner)]
  const child: ChildProcess = fork(process.argv[1]!, role)
  const [origin] = (await once(child, 'message')) as [string]
  return {
    origin,
    async presentations() {
      child.send('count')
      const [count] = (await once(child, 'message')) as [number]
      return count
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** What the child does: answers every presentation, and does not look at it. */
export async function serve({ delayMs, rotates }: Manner): Promise<void> {
  let count = 0
  let made = 0
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      count += 1
      made += 1
      const body = JSON.stringify({
        access_token: `at-${made}-`.padEnd(800, 'a'),
        token_type: 'Bearer',
        expires_in: 3600,
        ...(rotates && { refresh_token: `rt-${made}-`.padEnd(64, 'r') }),
      })
      const answer = (): void => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(body)
      }
      if (delayMs > 0) setTimeout(answer, delayMs)
      else answer()
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', 1024)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  process.on('message', () => {
    process.send!(count)
    count = 0
  })
  process.on('disconnect', () => process.exit())
  process.send!(`http://127.0.0.1:${port}`)
}
