'use client'

import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { checkOptions, having, needed } from '../core/check-options.ts'
import { createSessionGuard } from './react/session-guard.ts'
import type { SessionGuardOptions, SessionGuardState } from './react/session-guard.ts'
import { GUARD_OPTIONS } from './react/session.ts'
import type { SessionSource } from './react/session.ts'

export { createSessionGuard } from './react/session-guard.ts'
export { isSignedIn } from './react/session.ts'
export type { SessionGuard, SessionGuardOptions, SessionGuardState } from './react/session-guard.ts'
export type { SessionLike, SessionSource } from './react/session.ts'

/** The result of {@link useSessionGuard}. */
export interface GuardedSession extends SessionGuardState {
  /** Signs the user out now. Call it when the user has read the notice. */
  readonly confirm: () => void
}

const SOURCE = needed(having('what useSession() returns: is there a SessionProvider?', 'update'))

const QUIET: SessionGuardState = { phase: 'quiet' }

/**
 * Says when the user must sign in again, so that you can show a notice, and signs the user out
 * after a while. Use it once in an application, in its layout.
 *
 *     const { phase, confirm } = useSessionGuard(useSession(), { signOut })
 *
 * @param source The result of `useSession` of next-auth 4 or 5, or an object of its shape.
 * @param options Read at the first render. Only `signOut` may change afterwards.
 */
export function useSessionGuard(
  source: SessionSource,
  options: SessionGuardOptions,
): GuardedSession {
  checkOptions('useSessionGuard', { ...options, source }, { ...GUARD_OPTIONS, source: SOURCE })
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
