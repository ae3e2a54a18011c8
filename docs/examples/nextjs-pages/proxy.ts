import { decode, encode } from 'next-auth/jwt'
import { withAuth } from 'next-auth/middleware'
import { isSignedIn } from 'refresh-once/auth-js'
import { nextAuth4Proxy } from 'refresh-once/next'
import { authOptions } from './auth'

const { callbacks, secret } = authOptions

// Only reads the cookie: whatever it is to see must have been renewed before.
const guarded = withAuth({
  secret,
  callbacks: {
    authorized: ({ req, token }) =>
      !req.nextUrl.pathname.startsWith('/private') || isSignedIn(token),
  },
})

export const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode }, guarded)

export const config = {
  matcher: ['/((?!api/auth|_next/static|_next/image|favicon.ico).*)'],
}
