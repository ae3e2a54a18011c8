import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RefreshError } from '../../core/errors.ts'

/** A listener for the redirect of one sign-in (RFC 8252 §7.3). */
export interface Loopback extends AsyncDisposable {
  readonly redirectUrl: string
  /**
   * Waits for the redirect with this `state`. All other requests are answered 404.
   *
   * @throws {RefreshError} `sign_in_failed`, with the error of the authorization server.
   */
  redirected(state: string): Promise<{ readonly code: string; readonly iss?: string }>
}

const PATH = '/callback'

const PAGE = `<!doctype html><meta charset="utf-8"><title>Signed in</title>
<p>You can close this window and go back to the program.</p>`

const FAILED_PAGE = PAGE.replace('Signed in', 'Not signed in').replace(
  'You can close',
  'You are not signed in. You can close',
)

/**
 * Listens on 127.0.0.1 only.
 *
 * @param port The port that the client is registered with, or 0.
 * @returns `undefined`, if the port is in use.
 */
export async function listen(port: number): Promise<Loopback | undefined> {
  const server = createServer()
  const isListening = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    )
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isListening) return undefined
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    redirectUrl: `${origin}${PATH}`,
    redirected: (state) =>
      new Promise((resolve, reject) => {
        server.on('request', (request, response) => {
          const url = URL.canParse(request.url ?? '', origin)
            ? new URL(request.url ?? '', origin)
            : undefined
          const parameters = url?.searchParams
          const isOurs =
            request.method === 'GET' && url?.pathname === PATH && parameters?.get('state') === state
          if (!isOurs || parameters === undefined) return void response.writeHead(404).end()
          const code = parameters.get('code')
          const iss = parameters.get('iss')
          response
            .writeHead(200, {
              'content-type': 'text/html; charset=utf-8',
              'cache-control': 'no-store',
              'referrer-policy': 'no-referrer',
              connection: 'close',
            })
            .end(code === null ? FAILED_PAGE : PAGE)
          if (code !== null) return resolve({ code, ...(iss !== null && { iss }) })
          const oauthError = parameters.get('error') ?? ''
          const isWord = /^[a-z_]{1,40}$/.test(oauthError)
          reject(new RefreshError('sign_in_failed', isWord ? { oauthError } : {}))
        })
      }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        // The page of the answer may still be on its way.
        server.closeIdleConnections()
      }),
  }
}
