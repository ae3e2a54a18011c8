import { requestOf } from './web/node.ts'
import type { NodeRequest } from './web/node.ts'
import { webSessions } from './web.ts'
import type { OAuthSession, WebSessionOptions } from './web.ts'

export type { OAuthSession, WebSessionOptions } from './web.ts'

type OnRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** The part of an instance of Fastify that is used. */
interface FastifyApp {
  decorateRequest(name: string, value: null): unknown
  addHook(name: 'onRequest', hook: OnRequest): unknown
}

interface FastifyRequest {
  readonly raw: NodeRequest
  oauth?: OAuthSession
}

interface FastifyReply {
  send(answer: unknown): unknown
}

/**
 * A plugin for Fastify: `await app.register(sessions, { … })`. It answers the sign-in, its callback
 * and the sign-out, and sets the session of each other request as `request.oauth`, in all routes.
 */
export async function sessions(app: FastifyApp, options: WebSessionOptions): Promise<void> {
  const web = webSessions(optionsOf(options))
  app.decorateRequest('oauth', null)
  async function onRequest(incoming: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const request = requestOf(incoming.raw, options.origin)
    const answer = await web.route(request)
    if (answer === undefined) {
      incoming.oauth = web.of(request)
      return undefined
    }
    return reply.send(answer)
  }
  app.addHook('onRequest', onRequest)
}

// Without it the hook would run for routes of a context of its own only, which has none.
Object.assign(sessions, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'refresh-once',
})

/** Fastify adds options of its own to those of a plugin. */
function optionsOf(options: WebSessionOptions): WebSessionOptions {
  const {
    prefix: _,
    logLevel: __,
    logSerializers: ___,
    ...own
  } = options as WebSessionOptions & {
    prefix?: unknown
    logLevel?: unknown
    logSerializers?: unknown
  }
  return own
}

/** An error handler for Fastify, `app.setErrorHandler(sessionErrors)`: sends `oauth.responseTo`. */
export function sessionErrors(
  error: unknown,
  request: { readonly oauth?: OAuthSession },
  reply: FastifyReply,
): unknown {
  return reply.send(request.oauth?.responseTo(error) ?? error)
}
