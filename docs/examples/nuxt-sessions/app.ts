/**
 * Nuxt, Nitro and h3: sign-in, session by a handle in a cookie, an API with the access token,
 * sign-out. In Nuxt each handler is a file: the first in `server/middleware/oauth.ts`, the second
 * in `server/api/orders.get.ts`, each as its default export.
 *
 *     createServer(toNodeListener(createApp({ refresher, client, origin, apis: [api] }, api)))
 */
import { createApp as createH3, createRouter, defineEventHandler, setResponseStatus } from 'h3'
import type { App } from 'h3'
import { sessions } from 'refresh-once/nuxt'
import type { OAuthSession, WebSessionOptions } from 'refresh-once/nuxt'

declare module 'h3' {
  interface H3EventContext {
    oauth: OAuthSession
  }
}

export function createApp(options: WebSessionOptions, api: string): App {
  const middleware = defineEventHandler(sessions(options))

  const orders = defineEventHandler(async (event) => {
    const { oauth } = event.context
    try {
      const answer = await oauth.fetch(`${api}/orders`)
      setResponseStatus(event, answer.ok ? 200 : 502)
      return await answer.json()
    } catch (error) {
      // Nobody is signed in, the grant has ended, or the AS is away.
      const answer = oauth.responseTo(error)
      if (answer === undefined) throw error
      return answer
    }
  })

  return createH3().use(middleware).use(createRouter().get('/orders', orders))
}
