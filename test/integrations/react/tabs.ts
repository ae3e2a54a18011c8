import { onTestFinished } from 'vitest'
import {
  createSessionGuard,
  type SessionGuard,
  type SessionGuardOptions,
  type SessionLike,
  type SessionSource,
} from '../../../src/integrations/react/session-guard.ts'
import type { HandClock } from '../../runtime/clock.ts'

/** The session of a browser, which its tabs have in common: what the server would answer. */
export interface Browser {
  session: SessionLike | null
  /** Whether the server answers. */
  isOnline: boolean
  readonly signOuts: number
  /** How often tabs asked the server. */
  readonly reads: number
  /** What is done at a sign-out. Default: the session is gone. */
  onSignOut: () => unknown
  /** Opens a tab that has read the session. */
  tab(options?: Partial<SessionGuardOptions>): Tab
}

export interface Tab {
  readonly guard: SessionGuard
  /** Every phase that was shown, in order. */
  readonly phases: readonly string[]
  /** Reads the session at the server. */
  read(): Promise<SessionLike | null | undefined>
  /** Shows something else to the guard than the server would answer. */
  show(source: Partial<SessionSource>): void
  close(): void
}

export const ALICE: SessionLike = { user: { email: 'alice@example.com' } }
export const BOB: SessionLike = { user: { email: 'bob@example.com' } }
export const over = (session: SessionLike, error = 'RefreshTokenError'): SessionLike => ({
  ...session,
  error,
})

let channels = 0

export function browser(clock: HandClock): Browser {
  channels += 1
  const channel = `test ${process.pid} ${channels}`
  let signOuts = 0
  let reads = 0
  const self: Browser = {
    session: ALICE,
    isOnline: true,
    get signOuts() {
      return signOuts
    },
    get reads() {
      return reads
    },
    onSignOut: () => (self.session = null),
    tab(options = {}) {
      const phases: string[] = []
      const guard = createSessionGuard({
        signOut: () => {
          signOuts += 1
          return self.onSignOut()
        },
        channel,
        clock,
        ...options,
      })
      const close = guard.subscribe(() => phases.push(guard.state.phase))
      onTestFinished(close)
      const show = (source: Partial<SessionSource>): void => {
        guard.update({ status: 'authenticated', data: null, update: read, ...source })
      }
      /** As `update` of next-auth 5: what could not be read leaves everything as it was. */
      async function read(): Promise<SessionLike | null> {
        reads += 1
        await turn()
        if (!self.isOnline || self.session === null) return null
        show({ data: self.session })
        return self.session
      }
      show({ data: self.session })
      return { guard, phases, read, show, close }
    },
  }
  return self
}

/** Lets messages of BroadcastChannel arrive, and what follows from them happen. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await turn()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass in steps, so that tabs hear each other in between. */
export async function pass(clock: HandClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    clock.advance(Math.min(STEP_MS, ms - passedMs))
    await settled()
  }
}

const STEP_MS = 50
