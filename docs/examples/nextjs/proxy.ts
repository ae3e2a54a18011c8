import { refreshProxy } from 'refresh-once/next'
import { auth } from './auth'

export const proxy = refreshProxy(auth)

export const config = {
  matcher: ['/((?!api/auth|_next/static|_next/image|favicon.ico).*)'],
}
