import { signIn, signOut, useSession } from 'next-auth/react'
import { isSignedIn } from 'refresh-once/react'

/** The way in, and out. */
export function Entrance() {
  const { data: session, status } = useSession()
  if (status === 'loading') return null
  if (!isSignedIn(session)) return <button onClick={() => void signIn()}>Sign in</button>
  return <button onClick={() => void signOut({ callbackUrl: '/' })}>Sign out</button>
}
