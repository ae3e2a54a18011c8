import { SessionProvider } from 'next-auth/react'
import { Panel } from './panel'

export default function Account() {
  return (
    <SessionProvider>
      <Panel />
    </SessionProvider>
  )
}
