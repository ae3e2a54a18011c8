/**
 * Hono: sign-in, session by a handle in a cookie, an API with the access token, sign-out.
 *
 *     const app = createApp({ refresher, client, origin, apis: [api] }, api)
 *     serve({ fetch: app.fetch, port: 3000 })
 */
import { Hono } from 'hono'
import { sessions } from 'refresh-once/hono'
import type { OAuthEnv, WebSessionOptions } from 'refresh-once/hono'

export function createApp(options: WebSessionOptions, api: string): Hono<OAuthEnv> {
  const app = new Hono<OAuthEnv>()
  app.use(sessions(options))

  app.get('/orders', async (context) => {
    const answer = await context.var.oauth.fetch(`${api}/orders`)
    return context.json(await answer.json(), answer.ok ? 200 : 502)
  })

  // Nobody is signed in, the grant has ended, or the AS is away.
  app.onError((error, context) => context.var.oauth?.responseTo(error) ?? context.text('?', 500))
  return app
}
