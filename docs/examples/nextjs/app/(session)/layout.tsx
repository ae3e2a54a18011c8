import Link from 'next/link'
import { SessionProvider } from 'next-auth/react'
import type { ReactNode } from 'react'
import { isSignedIn } from 'refresh-once/auth-js'
import { auth } from '../../auth'
import { enter, leave } from '../actions'
import { Notice } from './notice'

/** A layout asks for the session, as the page in it does. */
export default async function SessionLayout({ children }: { readonly children: ReactNode }) {
  const isIn = isSignedIn(await auth())

  return (
    <SessionProvider>
      <nav>
        <Link href="/">Home</Link>
        <Link href="/notes/1">One</Link>
        <Link href="/notes/2">Two</Link>
        <Link href="/notes/3">Three</Link>
        <Link href="/account">Account</Link>
      </nav>
      <form action={isIn ? leave : enter}>
        <button>{isIn ? 'Sign out' : 'Sign in'}</button>
      </form>
      <Notice />
      <main>{children}</main>
    </SessionProvider>
  )
}
