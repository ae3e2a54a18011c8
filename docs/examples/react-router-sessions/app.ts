/**
 * React Router in framework mode: sign-in, session by a handle in a cookie, an API with the access
 * token, sign-out. It needs no module of its own: loaders and actions have `Request` and
 * `Response`.
 *
 * `app/oauth.server.ts` makes `oauth`, `app/routes/auth.ts` exports `authRoute(oauth)` for the path
 * `auth/*`, and every loader may use the session of its request.
 */
import { webSessions } from 'refresh-once/web'
import type { WebSessionOptions, WebSessions } from 'refresh-once/web'

interface Arguments {
  readonly request: Request
}

/** The exports of the route `auth/*`: it answers `GET` by its loader, `POST` by its action. */
export function authRoute(oauth: WebSessions) {
  const answer = async ({ request }: Arguments): Promise<Response> =>
    (await oauth.route(request)) ?? new Response('Not found', { status: 404 })
  return { loader: answer, action: answer }
}

/** The exports of the route `orders`. */
export function ordersRoute(oauth: WebSessions, api: string) {
  return {
    async loader({ request }: Arguments): Promise<Response> {
      const session = oauth.of(request)
      try {
        const answer = await session.fetch(`${api}/orders`)
        return Response.json(await answer.json(), { status: answer.ok ? 200 : 502 })
      } catch (error) {
        // Nobody is signed in, the grant has ended, or the AS is away. React Router sends it.
        throw session.responseTo(error) ?? error
      }
    },
  }
}

/** The routes by their paths. In an application they are files, or lines of `app/routes.ts`. */
export function createRoutes(options: WebSessionOptions, api: string) {
  const oauth = webSessions(options)
  return { 'auth/*': authRoute(oauth), orders: ordersRoute(oauth, api) }
}
