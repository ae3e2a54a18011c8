import { webSessions } from './web.ts'
import type { OAuthSession, WebSessionOptions } from './web.ts'

export type { OAuthSession, WebSessionOptions } from './web.ts'

/** The variables that {@link sessions} sets: `new Hono<OAuthEnv>()`. */
export interface OAuthEnv {
  Variables: { oauth: OAuthSession }
}

/** The part of Hono's context that is used. */
interface HonoContext {
  readonly req: { readonly raw: Request }
  set(name: 'oauth', value: OAuthSession): void
  /** Throws where the platform has none. */
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
}

/**
 * A middleware for Hono. It answers the sign-in, its callback and the sign-out, and sets the
 * session of each other request as `context.var.oauth`.
 */
export function sessions(
  options: WebSessionOptions,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | void> {
  const web = webSessions(options)
  return async (context, next) => {
    const request = context.req.raw
    const answer = await web.route(request)
    if (answer !== undefined) return answer
    context.set('oauth', web.of(request, waitUntilOf(context)))
    return next()
  }
}

function waitUntilOf(context: HonoContext): ((work: Promise<unknown>) => void) | undefined {
  try {
    const platform = context.executionCtx
    return (work) => platform.waitUntil(work)
  } catch {
    return undefined
  }
}
