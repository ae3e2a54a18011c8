import { IS_BEFORE, type Recipe } from '../edits.ts'
import { AS_BEFORE, BEFORE } from './before.ts'

/** Says on which runtime it was, since Next has two for a `middleware.ts`. */
const MIDDLEWARE = `import { refreshProxy } from 'refresh-once/next'
import { auth } from './auth'

declare const EdgeRuntime: unknown

const renewing = (${IS_BEFORE} ? auth : refreshProxy(auth)) as (
  request: Request,
  event: unknown,
) => Promise<Response>

export async function middleware(request: Request, event: unknown) {
  const response = await renewing(request, event)
  response.headers.set('x-runtime', typeof EdgeRuntime === 'string' ? EdgeRuntime : 'node')
  return response
}

export const config = {
  matcher: ['/((?!api/auth|_next/static|_next/image|favicon.ico).*)'],
}
`

const STORE = `import { httpStore } from 'refresh-once/stores/http'

export const store = httpStore({
  url: process.env.REDIS_REST_URL ?? 'https://redis.example.com',
  token: process.env.REDIS_REST_TOKEN ?? 'none',
})
`

/** The example with a `middleware.ts`, which runs on the edge, and a ledger over HTTP. */
export const edge: Recipe = {
  example: 'docs/examples/nextjs/',
  takes: (path) => path !== 'proxy.ts' && path !== 'store.ts',
  edits: AS_BEFORE,
  files: { 'before.ts': BEFORE, 'middleware.ts': MIDDLEWARE, 'store.ts': STORE },
}
