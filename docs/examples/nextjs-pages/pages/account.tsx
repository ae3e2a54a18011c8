import { useSession } from 'next-auth/react'

/** A page made by the build, with the session by `/api/auth/session`. */
export default function Account() {
  const { data: session, status } = useSession()
  if (status === 'loading') return null
  const isSignedIn = session !== null && !session.error

  return <h1>{isSignedIn ? `Signed in as ${session.user?.name}` : 'Not signed in'}</h1>
}
