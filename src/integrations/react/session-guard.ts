import { checkOptions } from '../../core/check-options.ts'
import { sleep, systemClock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import { mark, unmark } from './marker.ts'
import { GUARD_OPTIONS, SIGN_IN_ERRORS, userOf } from './session.ts'
import type { SessionGuardOptions, SessionLike, SessionSource } from './session.ts'
import { attempted, openTabs, type TabMessage, type Tabs } from './tabs.ts'

export { isSignedIn } from './session.ts'
export type { SessionGuardOptions, SessionLike, SessionSource }

/** The state to show to the user. */
export interface SessionGuardState {
  /** `notice`: the user must sign in again. `signing_out`: the sign-out has begun. */
  readonly phase: 'quiet' | 'notice' | 'signing_out'
  /** The value of `session.error`. */
  readonly code?: string
  /** Epoch milliseconds. Absent: the sign-out waits until the user confirms. */
  readonly signOutAtMs?: number
}

export interface SessionGuard {
  /** Stays the same object until something changes. */
  readonly state: SessionGuardState
  /** Adds a listener and returns a function that removes it. Without listeners the guard rests. */
  subscribe(listener: () => void): () => void
  /** Call it with the session at first, and after every change. */
  update(source: SessionSource): void
  /** Signs the user out now. Call it when the user has read the notice. */
  confirm(): void
}

/** A session in which only a new sign-in helps. */
interface EndedSession {
  readonly user: string | undefined
  readonly code: string
  /** When the error was first seen, on the monotonic clock. */
  readonly sinceMs: number
  /** Absent until the user is told. */
  readonly signOutAtMs?: number
  /** `claiming` and `acting`: this tab signs out. `yielding`: another tab does. */
  leaving?: 'claiming' | 'acting' | 'yielding'
}

/** How long a tab listens for another tab that signs out at the same moment, in milliseconds. */
const CLAIM_MS = 100

/** After so many milliseconds this tab shows the notice again if the other did not sign out. */
const YIELD_MS = 10_000

/** A failed sign-out is tried again after so many milliseconds. */
const RETRY_MS = 10_000

/** How long a sign-in without a page may take until the page goes, in milliseconds. */
const SILENT_MS = 10_000

/** A number that is lower than that of every tab. */
const FIRST = -1

const QUIET: SessionGuardState = { phase: 'quiet' }

/**
 * Watches `session.error`. When only a new sign-in helps, it shows a notice, and signs the user out
 * after a while or when they confirm; once, in all tabs.
 *
 * Before the sign-out the session is read again. The user is signed out only if the session is
 * still theirs and still has the error.
 *
 * @throws {TypeError} If an option is invalid.
 */
export function createSessionGuard(options: SessionGuardOptions): SessionGuard {
  checkOptions('createSessionGuard', options, GUARD_OPTIONS)
  const { graceMs = 60_000, debounceMs = 1_000, errors = SIGN_IN_ERRORS } = options
  const { clock = systemClock, channel = 'refresh-once/session' } = options
  const identify = (session: SessionLike): string | undefined => {
    const name: unknown = attempted(() => (options.identify ?? userOf)(session))
    // An object, or a promise, would be another one each time.
    return typeof name === 'object' ? userOf(session) : (name as string | undefined)
  }
  const tab = (options.random ?? systemRandom).fraction()
  const listeners = new Set<() => void>()
  let state = QUIET
  let source: SessionSource | undefined
  let ended: EndedSession | undefined
  let tabs: Tabs | undefined
  let timer: unknown
  let isAsking = false
  let isClosing = false
  let isOpened = true

  function show(next: SessionGuardState): void {
    if (next.phase === state.phase && next.signOutAtMs === state.signOutAtMs) return
    state = next
    for (const listener of listeners) attempted(listener)
  }

  /** Sets the one timer of the guard. */
  function later(ms: number, step: () => void): void {
    clock.clearTimeout(timer)
    isClosing = false
    if (ms !== Infinity) timer = clock.setTimeout(step, ms)
  }

  function close(): void {
    later(Infinity, close)
    ended = undefined
    show(QUIET)
  }

  /** Sets the timer of the next step, from the current state. */
  function goOn(): void {
    if (ended === undefined) return
    const { leaving, sinceMs, signOutAtMs = Infinity } = ended
    if (leaving === 'claiming' || leaving === 'acting') return
    if (leaving === 'yielding') return later(YIELD_MS, () => notice(0))
    if (state === QUIET) return later(sinceMs + debounceMs - clock.monotonic(), tell)
    later(signOutAtMs - clock.now(), () => {
      // Timers of more than 24 days fire too early.
      if (clock.now() < signOutAtMs) goOn()
      else void leave()
    })
  }

  function tell(): void {
    notice(graceMs)
    post('ended')
  }

  function notice(ms: number): void {
    if (ended === undefined) return
    const { user, code, sinceMs } = ended
    const at = graceMs === Infinity ? {} : { signOutAtMs: clock.now() + ms }
    ended = { user, code, sinceMs, ...at }
    show({ phase: 'notice', code, ...at })
    goOn()
  }

  /** Closes the notice if the session stays away: an offline browser has no session either. */
  function seenNone(): void {
    const isOurs = ended?.leaving === 'claiming' || ended?.leaving === 'acting'
    if (ended === undefined || isOurs || isClosing) return
    later(debounceMs, close)
    isClosing = true
  }

  function seen(session: SessionLike): void {
    const code = errors.find((each) => each === session.error)
    const user = identify(session)
    if (ended !== undefined && (code === undefined || ended.user !== user)) {
      const wasTold = state !== QUIET
      close()
      if (wasTold) post('recovered')
    }
    if (code === undefined) {
      // Back without a page: other tabs show a notice, or wait for this one.
      if (attempted(unmark) === true) post('recovered')
      return
    }
    if (ended === undefined) {
      const waitMs = trySilently(session) ? SILENT_MS : 0
      ended = { user, code, sinceMs: clock.monotonic() + waitMs }
    }
    if (listeners.size > 0) goOn()
  }

  /** Signs the user of a page that was just opened in without another page, if it was not tried. */
  function trySilently(session: SessionLike): boolean {
    const { signInSilently } = options
    if (!isOpened || signInSilently === undefined || session.canSignInSilently !== true)
      return false
    if (attempted(mark) !== true) return false
    void (async () => {
      try {
        await signInSilently()
      } catch {
        if (ended === undefined) return
        ended = { ...ended, sinceMs: clock.monotonic() }
        goOn()
      }
    })()
    return true
  }

  async function ask(): Promise<SessionLike | undefined> {
    try {
      return (await source?.update()) ?? undefined
    } catch {
      return undefined
    }
  }

  async function look(closesIfNone: boolean): Promise<void> {
    if (isAsking) return
    isAsking = true
    const session = await ask()
    isAsking = false
    if (session !== undefined) seen(session)
    else if (closesIfNone) close()
  }

  function post(code: TabMessage['code'], as = tab): void {
    tabs?.post({ code, tab: as })
  }

  function heard(message: TabMessage): void {
    if (message.code === 'signing_out') return heardOfSignOut(message.tab)
    if (message.code === 'ended' && ended !== undefined) return
    if (message.code === 'recovered' && ended === undefined) return
    void look(message.code === 'signed_out')
  }

  /** Another tab is about to sign out. One of the two tabs waits. */
  function heardOfSignOut(other: number): void {
    if (ended === undefined || ended.leaving === 'yielding') return
    if (ended.leaving === 'acting') {
      if (other !== FIRST) post('signing_out', FIRST)
      return
    }
    if (state === QUIET || (ended.leaving === 'claiming' && other > tab)) return
    ended = { ...ended, leaving: 'yielding' }
    show({ phase: 'signing_out', code: ended.code })
    goOn()
  }

  async function leave(): Promise<void> {
    if (ended === undefined) return
    const mine: EndedSession = (ended = { ...ended, leaving: 'claiming' })
    const isOff = (): boolean => ended !== mine
    later(Infinity, close)
    post('signing_out')
    await sleep(clock, CLAIM_MS)
    if (isOff()) return
    mine.leaving = 'acting'
    const askedAtMs = clock.monotonic()
    const session = await ask()
    if (isOff()) return
    if (session === undefined) return notice(RETRY_MS)
    seen(session)
    if (isOff()) return
    show({ phase: 'signing_out', code: mine.code })
    // When one tab reads the session, next-auth lets the other tabs read it too. Their responses
    // set the cookie, and a response after the sign-out would bring the cookie back.
    await sleep(clock, CLAIM_MS + 2 * (clock.monotonic() - askedAtMs))
    if (isOff()) return
    try {
      await options.signOut()
    } catch {
      return isOff() ? undefined : notice(RETRY_MS)
    }
    post('signed_out')
    if (ended === mine) close()
  }

  return {
    get state() {
      return state
    },
    subscribe(listener) {
      const own = (): void => listener()
      listeners.add(own)
      tabs ??= openTabs(channel, heard)
      if (listeners.size === 1) goOn()
      return () => {
        listeners.delete(own)
        if (listeners.size > 0) return
        later(Infinity, close)
        tabs?.close()
        tabs = undefined
        if (ended?.leaving === undefined) return
        const { leaving: _, user: __, sinceMs: ___, ...shown } = ended
        ended = { ...ended }
        delete ended.leaving
        state = { phase: 'notice', ...shown }
      }
    },
    update(next) {
      source = next
      if (next.status === 'loading') return
      if (next.status === 'authenticated' && next.data != null) seen(next.data)
      else seenNone()
      isOpened = false
    },
    confirm() {
      if (ended === undefined || state.phase !== 'notice') return
      show({ phase: 'signing_out', code: ended.code })
      void leave()
    },
  }
}
