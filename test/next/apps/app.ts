import { IS_BEFORE, type Edit, type Recipe } from '../edits.ts'
import { BALLAST, BEFORE } from './before.ts'
import { DATABASE } from './database.ts'
import { AT_SPOTIFY, SPOTIFY } from './spotify.ts'

/**
 * Before: the callbacks of Auth.js' guide, with `auth` as the proxy. After: the example as it is.
 * One build holds both, and an environment variable decides when it starts.
 */
const edits: readonly Edit[] = [
  {
    path: 'profile.ts',
    text: 'fetch(source.profile,',
    replacement: 'fetch(process.env.PROFILE || source.profile,',
  },
  // Other ways to sign in, if the environment says so.
  {
    path: 'auth.ts',
    text: 'signOut } = NextAuth({',
    replacement: 'signOut, unstable_update } = otherAuth ?? NextAuth({',
  },
  {
    path: 'auth.ts',
    text: 'callbacks: refreshCallbacks(refreshers, { exposeAccessToken: true }),',
    replacement: `callbacks: ${IS_BEFORE} ? guide : refreshCallbacks(refreshers, {
    exposeAccessToken: true,
    // Sessions of the guide's callbacks do not say whose tokens they hold.
    legacyCookieProvider: Object.keys(refreshers)[0],
    // An access token of ours is opaque and short; cookies of large ones come in chunks.
    jwt: ({ token }) => ({ ...token, ballast: ballast() }),
  }),`,
  },
  {
    path: 'auth.ts',
    text: 'events: {',
    replacement: `events: ${IS_BEFORE} ? {} : {`,
  },
  {
    path: 'auth.ts',
    text: 'const refreshers =',
    replacement: `const guide = beforeUs(source)\nconst refreshers =`,
  },
  {
    path: 'auth.ts',
    text: "import { store } from './store'",
    replacement: `import { store } from './store'
import { ballast } from './ballast'
import { beforeUs } from './before'
import { otherAuth } from './other'`,
  },
  {
    path: 'proxy.ts',
    text: 'proxy = refreshProxy(auth)',
    replacement: `proxy = ${IS_BEFORE}
  ? auth
  : refreshProxy(auth, process.env.SILENT ? { silentSignIn: process.env.SILENT } : {})`,
  },
  // The guard signs in without a page where the test says so.
  {
    path: 'app/(session)/notice.tsx',
    text: 'useSessionGuard(useSession(), { signOut: leave })',
    replacement: `useSessionGuard(useSession(), {
    signOut: leave,
    ...(isSilent() && {
      signInSilently: () => signIn('oidc', { redirectTo: location.href }, { prompt: 'none' }),
    }),
  })`,
  },
  {
    path: 'app/(session)/notice.tsx',
    text: 'import { signOut, useSession }',
    replacement: `const isSilent = () => typeof window === 'object' && 'isSilent' in window

import { signIn, signOut, useSession }`,
  },
  // A gateway stands before the authorization server, whose 503 is described. The server is not
  // asked whether a token is good: that takes half a minute of the wall's time.
  {
    path: 'provider.ts',
    text: 'oidc({ issuer })',
    replacement: "oidc({ issuer, failures: { 503: 'deferred' }, introspectionEndpoint: null })",
  },
  ...AT_SPOTIFY,
  // The routes of Auth.js too, as many have it; and some routes not.
  { path: 'proxy.ts', text: 'api/auth|', replacement: 'unproxied|' },
]

/** Routes that no proxy stands before: `unproxied` has a layout that asks for the session, too. */
const files: Readonly<Record<string, string>> = {
  'app/(session)/unproxied/page.tsx': "export { default } from '../page'\n",
  'app/unproxied/alone/page.tsx': "export { default } from '../../(session)/page'\n",
  'app/unproxied/bare/route.ts': "export { GET } from '../../api/bare/route'\n",
  'app/unproxied/wrapped/route.ts': "export { GET } from '../../api/wrapped/route'\n",
  // The guide's lines for a sign-in without a page.
  'app/silent/route.ts': `import { signIn } from '../../auth'

export async function GET({ url }: Request) {
  const { provider = '', to = '/' } = Object.fromEntries(new URL(url).searchParams)
  await signIn(provider, { redirectTo: to }, { prompt: 'none' })
}
`,
  // What a page sees of the cookies of its own request.
  'app/seen/route.ts': `import { cookies, headers } from 'next/headers'

export async function GET() {
  const all = (await cookies()).getAll()
  const parsed = all.map(({ name, value }) => name + '=' + value).join('; ')
  return Response.json({ header: (await headers()).get('cookie') ?? '', parsed })
}
`,
  // Handlers that change the session, behind the proxy.
  'app/api/update/route.ts': `import { unstable_update as update } from '../../../auth'

export async function GET() {
  const session = await update?.({ user: { name: 'Ada' } } as never)
  return Response.json(session)
}

export { GET as POST }
`,
  'ballast.ts': BALLAST,
  'before.ts': BEFORE,
  'database.ts': DATABASE,
  'spotify.ts': SPOTIFY,
  'other.ts': `import * as backendAuth from './backend'
import { databaseAuth } from './database'

const { DATABASE_URL, REFRESH } = process.env

export const otherAuth = DATABASE_URL
  ? databaseAuth(DATABASE_URL)
  : REFRESH
    ? { ...backendAuth, unstable_update: undefined }
    : undefined
`,
}

export const app: Recipe = {
  example: 'docs/examples/nextjs/',
  edits,
  files,
  copies: { 'backend.ts': 'docs/examples/credentials-backend/auth.ts' },
  packages: { '@auth/pg-adapter': '^1.11.3', pg: '^8.23.1', '@types/pg': '^8.23.1' },
}
