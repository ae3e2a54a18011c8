import type { AppProps } from 'next/app'
import Link from 'next/link'
import { SessionProvider } from 'next-auth/react'
import { Notice } from '../notice'
import { Entrance } from '../entrance'

export default function App({ Component, pageProps }: AppProps) {
  return (
    <SessionProvider>
      <nav>
        <Link href="/">Home</Link>
        <Link href="/private">Private</Link>
        <Link href="/account">Account</Link>
      </nav>
      <Entrance />
      <Notice />
      <main>
        <Component {...pageProps} />
      </main>
    </SessionProvider>
  )
}
