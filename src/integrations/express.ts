import { requestOf, send } from './web/node.ts'
import type { NodeRequest, NodeResponse } from './web/node.ts'
import { webSessions } from './web.ts'
import type { OAuthSession, WebSessionOptions } from './web.ts'

export type { OAuthSession, WebSessionOptions } from './web.ts'

declare global {
  namespace Express {
    interface Request {
      /** The session of this request, after `app.use(sessions(…))`. */
      oauth: OAuthSession
    }
  }
}

/** A middleware as Express and Connect take it. */
export type ExpressMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>

/**
 * A middleware for Express 4 and 5. It answers the sign-in, its callback and the sign-out, and sets
 * the session of each other request as `request.oauth`. It reads no body: `express.json()` may come
 * before or after it.
 */
export function sessions(options: WebSessionOptions): ExpressMiddleware {
  const web = webSessions(options)
  return async (incoming, response, next) => {
    try {
      const request = requestOf(incoming, options.origin)
      const answer = await web.route(request)
      if (answer !== undefined) return await send(answer, response)
      Object.assign(incoming, { oauth: web.of(request) })
    } catch (error) {
      return next(error)
    }
    return next()
  }
}

/**
 * An error middleware for Express, after the routes: it sends `oauth.responseTo(error)`, and passes
 * other errors on.
 */
export function sessionErrors(
  error: unknown,
  request: NodeRequest & { readonly oauth?: OAuthSession },
  response: NodeResponse & { readonly headersSent?: boolean },
  next: (error?: unknown) => void,
): void {
  const answer = response.headersSent ? undefined : request.oauth?.responseTo(error)
  if (answer === undefined) return next(error)
  send(answer, response).catch(next)
}
