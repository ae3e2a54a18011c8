import { requestOf } from './web/node.ts'
import type { NodeRequest } from './web/node.ts'
import { webSessions } from './web.ts'
import type { WebSessionOptions } from './web.ts'

export type { OAuthSession, WebSessionOptions } from './web.ts'

/** An event of h3: 1.x as Nuxt 4 and Nitro 2 have it, with a request of Node's, or 2.x. */
interface H3Event {
  readonly context: object
  readonly node?: { readonly req: NodeRequest } | undefined
  readonly req?: unknown
  /** As Nitro and h3 2.x have it. */
  waitUntil?(work: Promise<unknown>): void
}

/**
 * A middleware for Nuxt, Nitro and h3: `export default defineEventHandler(sessions({ … }))` in
 * `server/middleware`. It answers the sign-in, its callback and the sign-out, and sets the session
 * of each other request as `event.context.oauth`.
 */
export function sessions(
  options: WebSessionOptions,
): (event: H3Event) => Promise<Response | undefined> {
  const web = webSessions(options)
  return async (event) => {
    const { req, node, context } = event
    const request = req instanceof Request ? req : requestOf(node!.req, options.origin)
    const answer = await web.route(request)
    if (answer !== undefined) return answer
    const waitUntil = event.waitUntil && ((work: Promise<unknown>) => event.waitUntil?.(work))
    Object.assign(context, { oauth: web.of(request, waitUntil) })
    return undefined
  }
}
