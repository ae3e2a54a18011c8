import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** What the guides for Auth.js 5 and NextAuth 4 tell people to write. */
const GUIDE = `
import type {} from 'next-auth/jwt'
declare module 'next-auth' {
  interface Session { error?: 'RefreshTokenError' }
}
declare module 'next-auth/jwt' {
  interface JWT {
    access_token: string
    expires_at: number
    refresh_token?: string
    error?: 'RefreshTokenError'
  }
}`

const GUIDE_4 = `
import type {} from 'next-auth/jwt'
declare module 'next-auth' {
  interface Session { error?: 'RefreshAccessTokenError' }
}
declare module 'next-auth/jwt' {
  interface JWT { access_token: string; expires_at: number; error?: 'RefreshAccessTokenError' }
}`

const OWN = `
declare module 'next-auth' {
  interface Session { error?: string; accessToken: string; user: { id: string } }
}`

const HEAD = `
import { databaseCallbacks, isSignedIn, refreshCallbacks } from 'refresh-once/auth-js'
import { signInEvent, signOutEvent } from 'refresh-once/auth-js'
import type { Refresher } from 'refresh-once'
declare const refresher: Refresher
type Row = { userId: string; provider: string; access_token: string | null }
declare const rows: {
  find(userId: string): Promise<Row[]>
  update(next: Row, before: Row): Promise<void>
}
`

const AUTH_JS_5 = `${HEAD}
import NextAuth, { type NextAuthConfig } from 'next-auth'
`
const NEXT_AUTH_4 = `${HEAD}
import type { AuthOptions } from 'next-auth'
`
const CORE = `${HEAD}
import type { AuthConfig } from '@auth/core'
`

const IN_ALL = (config: string): string => `
const plain: ${config} = { providers: [], callbacks: refreshCallbacks({ logto: refresher }) }
const apart = refreshCallbacks({ logto: refresher })
const later: ${config} = { providers: [], callbacks: apart }
const own: ${config} = {
  providers: [],
  callbacks: {
    ...refreshCallbacks({ logto: refresher }, {
      jwt({ token, account, trigger }) {
        if (account && trigger === 'signIn') token.plan = account.providerAccountId
        return token
      },
      session({ session, token }) {
        return { ...session, plan: token.plan }
      },
    }),
    redirect: ({ baseUrl }) => baseUrl,
  },
  events: { signOut: signOutEvent({ logto: refresher }) },
}
const onlySession: ${config} = {
  providers: [],
  callbacks: refreshCallbacks({}, { session: ({ session }) => session }),
}
const withDatabase: ${config} = {
  providers: [],
  callbacks: databaseCallbacks({ logto: refresher }, {
    ...rows,
    session: ({ session }) => session,
  }),
  events: { signIn: signInEvent({ logto: refresher }, rows), signOut: signOutEvent({}, rows) },
}
`

/** Sample projects, each one module. */
const samples: Readonly<Record<string, string>> = {
  'next-auth 5': `${AUTH_JS_5}${IN_ALL('NextAuthConfig')}
    import type { Session } from 'next-auth'
    NextAuth({ providers: [], callbacks: refreshCallbacks({ logto: refresher }) })
    NextAuth({
      providers: [],
      callbacks: {
        ...refreshCallbacks({ logto: refresher }),
        authorized: ({ auth }) => isSignedIn(auth),
      },
    })
    export const nameIn = (session: Session | null | undefined): string | null | undefined =>
      isSignedIn(session) ? session.user?.name : 'nobody'`,
  'next-auth 5, who followed the guide': `${AUTH_JS_5}${IN_ALL('NextAuthConfig')}${GUIDE}`,
  'next-auth 5, with our types': `import 'refresh-once/auth-js/types'
    ${AUTH_JS_5}${IN_ALL('NextAuthConfig')}
    import type { Session } from 'next-auth'
    import type { JWT } from 'next-auth/jwt'
    export const said = (session: Session): string | undefined => session.accessToken
    export const over = (session: Session): boolean => session.error === 'RefreshTokenError'
    export const expiry = (token: JWT): number | undefined => token.expires_at`,
  'next-auth 5, with our types and the guide': `import 'refresh-once/auth-js/types'
    ${AUTH_JS_5}${IN_ALL('NextAuthConfig')}${GUIDE}
    import type { Session } from 'next-auth'
    export const said = (session: Session): 'RefreshTokenError' | undefined => session.error`,
  'next-auth 5, with our types and own ones': `import 'refresh-once/auth-js/types'
    ${AUTH_JS_5}${OWN}
    import type { Session } from 'next-auth'
    export const id = (session: Session): string => session.user.id + session.accessToken`,
  'next-auth 4': `${NEXT_AUTH_4}${IN_ALL('AuthOptions')}
    import type { Session } from 'next-auth'
    import type { JWT } from 'next-auth/jwt'
    export const isIn = (token: JWT | null): boolean => isSignedIn(token)
    export const nameIn = (session: Session | null): string | null | undefined =>
      isSignedIn(session) ? session.user?.name : 'nobody'`,
  'next-auth 4, who followed the guide': `${NEXT_AUTH_4}${IN_ALL('AuthOptions')}${GUIDE_4}`,
  'next-auth 4, with our types': `import 'refresh-once/auth-js/types'
    ${NEXT_AUTH_4}${IN_ALL('AuthOptions')}
    import type { Session } from 'next-auth'
    import type { JWT } from 'next-auth/jwt'
    export const said = (session: Session): string | undefined => session.accessToken
    export const expiry = (token: JWT): number | undefined => token.expires_at`,
  'next-auth 4, with our types and the guide': `import 'refresh-once/auth-js/types'
    ${NEXT_AUTH_4}${IN_ALL('AuthOptions')}${GUIDE_4}`,
  '@auth/core': `${CORE}${IN_ALL('AuthConfig')}`,
  '@auth/core, with our types': `import 'refresh-once/auth-js/types'
    ${CORE}${IN_ALL('AuthConfig')}
    import type { Session } from '@auth/core/types'
    import type { JWT } from '@auth/core/jwt'
    export const said = (session: Session): string | undefined => session.accessToken
    export const expiry = (token: JWT): number | undefined => token.expires_at`,
}

/** What each sample must be able to say, lest it checks nothing. */
const WRONG = `${AUTH_JS_5}
export const wrong: NextAuthConfig = {
  providers: [],
  callbacks: { session: () => 'no session' },
}
const own = refreshCallbacks({ logto: refresher }, { jwt: ({ token }) => token.nothing.at.all })
`

/** Parsed once: a project shares all but its sample with the others. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** Compiles one module as a project that has only the packages named. */
function complaintsOf(code: string, name: string): string[] {
  const at = (path: string): string => posix.join(root, path)
  const isFive = name.startsWith('next-auth 5')
  const isCore = name.startsWith('@auth/core')
  const nextAuth = isFive ? 'node_modules/next-auth-5' : 'node_modules/next-auth'
  const nowhere = ['nowhere.ts']
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
    typeRoots: [at('node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    paths: {
      'refresh-once': [at('src/index.ts')],
      'refresh-once/auth-js': [at('src/integrations/auth-js.ts')],
      'refresh-once/auth-js/types': [at('src/integrations/auth-js/types.ts')],
      'next-auth': isCore ? nowhere : [at(`${nextAuth}/index.d.ts`)],
      'next-auth/jwt': isCore
        ? nowhere
        : [at(`${nextAuth}/${isFive ? 'jwt.d.ts' : 'jwt/index.d.ts'}`)],
    },
  }
  const file = at('sample.ts')
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (path) => path === file || fileExists(path)
  host.getSourceFile = (path, version) => {
    if (path === file) return ts.createSourceFile(path, code, version)
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, version))
    return parsed.get(path)
  }
  const program = ts.createProgram({ rootNames: [file], options, host })
  const source = program.getSourceFile(file)!
  const found = [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ]
  return found.map(
    ({ code: number, messageText }) =>
      `TS${number}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
  )
}

describe('the types of refresh-once/auth-js', () => {
  it.each(Object.keys(samples))('suit %s', (name) => {
    expect(complaintsOf(samples[name]!, name)).toEqual([])
  })

  it('are looked at by a compiler that finds faults', () => {
    const complaints = complaintsOf(WRONG, 'next-auth 5')

    expect(complaints).toHaveLength(2)
    expect(complaints[0]).toContain('TS2322')
  })
})
