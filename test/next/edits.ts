/** What the tests change in the example: a text, and what stands in its place. */
interface Edit {
  readonly path: string
  readonly text: string
  readonly replacement: string
}

const IS_BEFORE = "process.env.CALLBACKS === 'guide'"

/**
 * Before: the callbacks of Auth.js' guide, with `auth` as the proxy. After: the example as it is.
 * One build holds both, and an environment variable decides when it starts.
 */
const EDITS: readonly Edit[] = [
  {
    path: 'auth.ts',
    text: 'callbacks: refreshCallbacks(refreshers, { accessToken: true }),',
    replacement: `callbacks: ${IS_BEFORE} ? guide : refreshCallbacks(refreshers, {
    accessToken: true,
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
    replacement: "import { store } from './store'\nimport { ballast, beforeUs } from './before'",
  },
  {
    path: 'proxy.ts',
    text: 'proxy = refreshProxy(auth)',
    replacement: `proxy = ${IS_BEFORE} ? auth : refreshProxy(auth)`,
  },
  // A gateway stands before the authorization server, whose 503 is described.
  {
    path: 'provider.ts',
    text: 'oidc({ issuer })',
    replacement: "oidc({ issuer, failures: { 503: 'deferred' } })",
  },
  // The routes of Auth.js too, as many have it; and some routes not.
  { path: 'proxy.ts', text: 'api/auth|', replacement: 'unproxied|' },
]

/** Routes that no proxy stands before: `unproxied` has a layout that asks for the session, too. */
export const ROUTES: Readonly<Record<string, string>> = {
  'app/(session)/unproxied/page.tsx': "export { default } from '../page'\n",
  'app/unproxied/alone/page.tsx': "export { default } from '../../(session)/page'\n",
  'app/unproxied/bare/route.ts': "export { GET } from '../../api/bare/route'\n",
  'app/unproxied/wrapped/route.ts': "export { GET } from '../../api/wrapped/route'\n",
  // What a page sees of the cookies of its own request.
  'app/seen/route.ts': `import { cookies, headers } from 'next/headers'

export async function GET() {
  const all = (await cookies()).getAll()
  const parsed = all.map(({ name, value }) => name + '=' + value).join('; ')
  return Response.json({ header: (await headers()).get('cookie') ?? '', parsed })
}
`,
  // The guide's session, and an access token in it, without which nobody would need one.
  'before.ts': `import { readFileSync } from 'node:fs'
import type { NextAuthConfig } from 'next-auth'
import { guideCallbacks } from './guide'
import type { source } from './provider'

type Callbacks = NonNullable<NextAuthConfig['callbacks']>

export function beforeUs({ profile, client }: typeof source): Callbacks {
  const { id, secret = '' } = client as { id: string; secret?: string }
  const { jwt, session } = guideCallbacks(profile.replace(/me$/, 'token'), { id, secret })
  return {
    jwt: (params) => jwt(params as never) as never,
    async session(params) {
      const { access_token: accessToken } = (params as never as { token: { access_token: string } })
        .token
      return Object.assign(await session(params as never), { accessToken }) as never
    },
  }
}

/** As much as a file says, so that the cookie grows and shrinks while the application runs. */
export function ballast(): string {
  const length = process.env.BALLAST ? Number(readFileSync(process.env.BALLAST, 'utf8')) : 0
  return 'x'.repeat(length)
}
`,
}

/** @throws {Error} For an edit whose text is not found once. */
export function edited(files: readonly (readonly [string, string])[]): [string, string][] {
  const unused = new Set(EDITS)
  const result = files.map(([path, text]): [string, string] => {
    let next = text
    for (const edit of EDITS.filter((each) => each.path === path)) {
      if (next.split(edit.text).length !== 2)
        throw new Error(`${path}: not found once: ${edit.text}`)
      next = next.replace(edit.text, () => edit.replacement)
      unused.delete(edit)
    }
    return [path, next]
  })
  if (unused.size > 0)
    throw new Error(`no file for ${[...unused].map(({ path }) => path).join(', ')}`)
  return result
}
