/**
 * Express: sign-in, session by a handle in a cookie, an API with the access token, sign-out.
 *
 *     createApp({ refresher, client, origin, apis: [api] }, api).listen(3000)
 */
import express from 'express'
import type { Express } from 'express'
import { sessionErrors, sessions } from 'refresh-once/express'
import type { WebSessionOptions } from 'refresh-once/express'

export function createApp(options: WebSessionOptions, api: string): Express {
  const app = express()
  app.use(sessions(options))

  app.get('/orders', async (request, response) => {
    const answer = await request.oauth.fetch(`${api}/orders`)
    response.status(answer.ok ? 200 : 502).json(await answer.json())
  })

  // Nobody is signed in, the grant has ended, or the AS is away.
  app.use(sessionErrors)
  return app
}
