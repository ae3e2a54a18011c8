import { IS_BEFORE, type Edit, type Recipe } from '../edits.ts'
import { AS_BEFORE, BEFORE } from './before.ts'
import { AT_SPOTIFY, SPOTIFY } from './spotify.ts'

/**
 * Before: the callbacks of the guide, and `withAuth` alone as the proxy. After: the example as it
 * is.
 */
const edits: readonly Edit[] = [
  // The server is not asked whether a token is good: that takes half a minute of the wall's time.
  {
    path: 'provider.ts',
    text: 'oidc({ issuer })',
    replacement: 'oidc({ issuer, introspectionEndpoint: null })',
  },
  ...AS_BEFORE,
  ...AT_SPOTIFY,
  // The routes of NextAuth too: an AS that wants a page sends the user to one of them.
  {
    path: 'proxy.ts',
    text: "favicon.ico).*)'],",
    replacement: "favicon.ico).*)', '/api/auth/callback/:path*'],",
  },
  {
    path: 'proxy.ts',
    text: 'proxy = nextAuth4Proxy({ callbacks, secret, decode, encode }, guarded)',
    replacement: `proxy = ${IS_BEFORE} ? guarded : nextAuth4Proxy(
  {
    callbacks,
    secret,
    decode,
    encode,
    ...(process.env.SILENT && { silentSignIn: process.env.SILENT }),
  },
  guarded,
)`,
  },
]

const files: Readonly<Record<string, string>> = {
  'before.ts': BEFORE,
  'spotify.ts': SPOTIFY,
  // The guide's lines for a sign-in without a page.
  'pages/silent.tsx': `import { signIn } from 'next-auth/react'
import { useEffect } from 'react'

export default function Silent() {
  useEffect(() => {
    const { provider, to } = Object.fromEntries(new URLSearchParams(location.search))
    void signIn(provider, { callbackUrl: to }, { prompt: 'none' })
  }, [])
  return null
}
`,
  // A page that asks the application's own API for the user, as people do, with their cookie.
  'pages/nested.tsx': `import type { GetServerSideProps } from 'next'
import { getServerSession } from 'next-auth'
import { authOptions } from '../auth'
import { profileOf, type Profile } from '../profile'

export const getServerSideProps: GetServerSideProps<Profile> = async ({ req, res }) => {
  const own = await profileOf(await getServerSession(req, res, authOptions))
  const headers = { cookie: req.headers.cookie ?? '' }
  const response = await fetch(process.env.NEXTAUTH_URL + '/api/me', { headers })
  const asked = (await response.json()) as Profile
  return { props: own.trouble ? own : asked }
}

export { default } from './index'
`,
}

export const pages: Recipe = { example: 'docs/examples/nextjs-pages/', edits, files }
