import { IS_BEFORE, type Edit } from '../edits.ts'

/** The guide's callbacks, and an access token in the session, without which nobody needs one. */
export const BEFORE = `import type { JwtCallback, SessionCallback } from 'refresh-once/auth-js'
import { guideCallbacks } from './guide'
import type { source } from './provider'

interface Callbacks {
  jwt: JwtCallback
  session: SessionCallback
}

export function beforeUs({ profile, client }: typeof source): Callbacks {
  const { id = '', secret = '' } = (client ?? {}) as { id?: string; secret?: string }
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
`

/** As much as a file says, so that the cookie grows and shrinks while the application runs. */
export const BALLAST = `import { readFileSync } from 'node:fs'

export function ballast(): string {
  const length = process.env.BALLAST ? Number(readFileSync(process.env.BALLAST, 'utf8')) : 0
  return 'x'.repeat(length)
}
`

/** Puts them into an example, to be chosen when it starts. */
export const AS_BEFORE: readonly Edit[] = [
  {
    path: 'profile.ts',
    text: 'fetch(source.profile,',
    replacement: 'fetch(process.env.PROFILE || source.profile,',
  },
  {
    path: 'auth.ts',
    text: 'callbacks: refreshCallbacks(refreshers, {',
    replacement: `callbacks: ${IS_BEFORE} ? beforeUs(source) : refreshCallbacks(refreshers, {
    legacyCookieProvider: Object.keys(refreshers)[0],`,
  },
  {
    path: 'auth.ts',
    text: 'events: {',
    replacement: `events: ${IS_BEFORE} ? {} : {`,
  },
  {
    path: 'auth.ts',
    text: "import { store } from './store'",
    replacement: "import { store } from './store'\nimport { beforeUs } from './before'",
  },
]
