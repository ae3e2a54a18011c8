import { useSession } from 'next-auth/react'
import { isSignedIn } from 'refresh-once/react'

/** A page made by the build, with the session by `/api/auth/session`. */
export default function Account() {
  const { data: session, status } = useSession()
  if (status === 'loading') return null

  return <h1>{isSignedIn(session) ? `Signed in as ${session.user?.name}` : 'Not signed in'}</h1>
}
