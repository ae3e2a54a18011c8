import { afterAll, beforeAll, expect } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { TokenSet } from '../../src/index.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import type { OidcServer, OidcServerOptions } from '../oidc/oidc-server.ts'
import { startBackend } from './backends.ts'
import type { Backend, BackendKind } from './backends.ts'
import { startMember } from './fleet.ts'
import type { Member } from './fleet.ts'
import type { MemberSetup } from './member-setup.ts'

/** Times that are short enough for a test to outwait, and long enough for two busy cores. */
export const SHORT = {
  requestTimeoutMs: 4_000,
  claimMs: 9_000,
  waitMs: 20_000,
  storeTimeoutMs: 5_000,
} as const

/** Times by which no claim is overdue before a database is back, and no busy host is late. */
export const PATIENT = {
  requestTimeoutMs: 8_000,
  claimMs: 12_000,
  waitMs: 15_000,
  storeTimeoutMs: 800,
} as const

/** A database for the tests of one file. */
export function backendOf(kind: BackendKind): () => Backend {
  let backend: Backend | undefined
  beforeAll(async () => {
    backend = await startBackend(kind)
  }, 120_000)
  afterAll(async () => {
    await backend?.[Symbol.asyncDispose]()
  })
  return () => backend!
}

/** A strict authorization server and the processes of one test. */
export interface Scene extends AsyncDisposable {
  readonly server: OidcServer
  signIn(): Promise<TokenSet>
  /** Starts a process; what is given differs from the others. */
  member(other?: Partial<Setup>): Promise<Member>
  /** Starts so many that are alike. */
  fleet(size: number): Promise<readonly Member[]>
}

type Setup = Omit<MemberSetup, 'trace'>

/**
 * When it is over, no refresh token may have been presented twice; unless `isMeasured`: what is
 * presented twice is then for the test to say.
 */
export async function scene(
  { spec }: Pick<Backend, 'spec'>,
  options: MemberSetup['options'] = {},
  { isMeasured = false, ...serverOptions }: OidcServerOptions & { isMeasured?: boolean } = {},
): Promise<Scene> {
  const server = await startOidcServer({ accessTokenMs: 3_600_000, ...serverOptions })
  const members: Member[] = []
  const setup: Setup = {
    store: spec,
    issuer: server.issuer,
    clientId: server.clients.public.id,
    options,
  }
  async function member(other: Partial<Setup> = {}): Promise<Member> {
    const options = { ...setup.options, ...other.options }
    const started = await startMember({ ...setup, ...other, options })
    members.push(started)
    return started
  }
  return {
    server,
    signIn: async () => tokenSetOf(await server.signIn(), systemClock),
    member,
    fleet: (size) => Promise.all(Array.from({ length: size }, () => member())),
    async [Symbol.asyncDispose]() {
      const { presentedTwice, atOnceMax, reuses } = server.counts()
      await Promise.all(members.map((each) => each.stop()))
      await server.stop()
      if (isMeasured) return
      expect({ presentedTwice, reuses }).toEqual({ presentedTwice: 0, reuses: 0 })
      expect(atOnceMax).toBeLessThanOrEqual(1)
    },
  }
}

/** What a caller asks for whose access token was refused: the next generation. */
export const NEXT = { refused: true } as const
