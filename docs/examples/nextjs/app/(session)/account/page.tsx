'use client'

import { useSession } from 'next-auth/react'
import { useState } from 'react'
import { isSignedIn } from 'refresh-once/react'
import { whoAmI } from '../../actions'

/** A client component: the session by `/api/auth/session`, and a name by a server action. */
export default function Account() {
  const { data: session } = useSession()
  const [answer, setAnswer] = useState('')
  const ask = async () => {
    const { name, trouble } = await whoAmI()
    setAnswer(name ? `You are ${name}` : `No name: ${trouble}`)
  }

  return (
    <>
      <h1>{isSignedIn(session) ? 'Signed in' : 'Not signed in'}</h1>
      <button onClick={() => void ask()}>Who am I?</button>
      <output>{answer}</output>
    </>
  )
}
