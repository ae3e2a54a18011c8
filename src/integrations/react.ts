'use client'

import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { createSessionGuard } from './react/session-guard.ts'
import type { SessionGuardOptions, SessionGuardState } from './react/session-guard.ts'
import type { SessionSource } from './react/session.ts'

export { createSessionGuard } from './react/session-guard.ts'
export type { SessionGuard, SessionGuardOptions, SessionGuardState } from './react/session-guard.ts'
export type { SessionLike, SessionSource } from './react/session.ts'

/** What {@link useSessionGuard} returns: what to tell the user, and their answer. */
export interface GuardedSession extends SessionGuardState {
  /** The user has read the notice: signs out now. */
  readonly confirm: () => void
}

const QUIET: SessionGuardState = { phase: 'quiet' }

/**
 * Tells when the user must sign in again, for a notice of your own, and signs them out after a
 * while. Once in an application, in its layout.
 *
 *     const { phase, confirm } = useSessionGuard(useSession(), { signOut })
 *
 * @param source What `useSession` of next-auth 4 or 5 returns, or something of its shape.
 * @param options As they were at the first render; of `signOut` the newest counts.
 */
export function useSessionGuard(
  source: SessionSource,
  options: SessionGuardOptions,
): GuardedSession {
  const signOut = useRef(options.signOut)
  const [guard] = useState(() =>
    createSessionGuard({ ...options, signOut: () => signOut.current() }),
  )
  const state = useSyncExternalStore(
    guard.subscribe,
    () => guard.state,
    () => QUIET,
  )
  useEffect(() => {
    signOut.current = options.signOut
  })
  useEffect(() => {
    guard.update(source)
  }, [guard, source, source.status, source.data])
  return { ...state, confirm: guard.confirm }
}
