/**
 * Fastify: sign-in, session by a handle in a cookie, an API with the access token, sign-out.
 *
 *     const app = await createApp({ refresher, client, origin, apis: [api] }, api)
 *     await app.listen({ port: 3000 })
 */
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { sessionErrors, sessions } from 'refresh-once/fastify'
import type { OAuthSession, WebSessionOptions } from 'refresh-once/fastify'

declare module 'fastify' {
  interface FastifyRequest {
    oauth: OAuthSession
  }
}

export async function createApp(options: WebSessionOptions, api: string): Promise<FastifyInstance> {
  const app = fastify()
  // Nobody is signed in, the grant has ended, or the AS is away. Before the routes.
  app.setErrorHandler(sessionErrors)
  await app.register(sessions, options)

  app.get('/orders', async (request, reply) => {
    const answer = await request.oauth.fetch(`${api}/orders`)
    return reply.code(answer.ok ? 200 : 502).send(await answer.json())
  })
  return app
}
