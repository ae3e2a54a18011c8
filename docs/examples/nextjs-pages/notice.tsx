import { signOut, useSession } from 'next-auth/react'
import { useSessionGuard } from 'refresh-once/react'

const leave = () => signOut({ callbackUrl: '/' })

/** Says that the session is over, and signs the user out a minute later or when they say so. */
export function Notice() {
  const { phase, confirm } = useSessionGuard(useSession(), { signOut: leave })
  if (phase === 'quiet') return null

  return (
    <div role="alert">
      Your session has ended. Copy what you need, then sign in again.
      <button disabled={phase === 'signing_out'} onClick={confirm}>
        Sign out
      </button>
    </div>
  )
}
