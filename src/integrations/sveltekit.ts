import { webSessions } from './web.ts'
import type { WebSessionOptions } from './web.ts'

export type { OAuthSession, WebSessionOptions } from './web.ts'

/** What `handle` of SvelteKit gets. */
interface HandleInput<E> {
  readonly event: E
  resolve(event: E): Response | Promise<Response>
}

interface KitEvent {
  readonly request: Request
  readonly locals: object
}

/**
 * Makes `handle` for `hooks.server.ts` of SvelteKit. It answers the sign-in, its callback and the
 * sign-out, and sets the session of each other request as `event.locals.oauth`.
 */
export function sessions(
  options: WebSessionOptions,
): <E extends KitEvent>(input: HandleInput<E>) => Promise<Response> {
  const web = webSessions(options)
  return async ({ event, resolve }) => {
    const answer = await web.route(event.request)
    if (answer !== undefined) return answer
    Object.assign(event.locals, { oauth: web.of(event.request) })
    return resolve(event)
  }
}
