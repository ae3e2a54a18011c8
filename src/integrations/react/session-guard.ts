import { sleep, systemClock, type Clock } from '../../core/clock.ts'
import { systemRandom, type Random } from '../../core/random.ts'
import { SIGN_IN_ERRORS, userOf, type SessionLike, type SessionSource } from './session.ts'
import { openTabs, type Message, type Tabs } from './tabs.ts'

export type { SessionLike, SessionSource }

/** What {@link createSessionGuard} takes. Durations are milliseconds. */
export interface SessionGuardOptions {
  /**
   * Signs the user out: `signOut` of next-auth/react. Called in one of the tabs, once. May leave
   * the page.
   */
  readonly signOut: () => unknown
  /**
   * How long the notice stands before the user is signed out. `Infinity`: until they confirm.
   * Default 60,000.
   */
  readonly graceMs?: number
  /**
   * How long an error, or the lack of a session, must last to be believed: a slow network makes
   * sessions come and go. Default 1,000.
   */
  readonly debounceMs?: number
  /** What `session.error` says when only a new sign-in helps. Default: the two names of ours. */
  readonly errors?: readonly string[]
  /** Names a session's user, so that another one's stays. Default: id, else email, else name. */
  readonly identify?: (session: SessionLike) => string | undefined
  /** What tabs of one application have in common. Default `refresh-once/session`. */
  readonly channel?: string
  readonly clock?: Clock
  readonly random?: Random
}

/** What the user is to be told. */
export interface SessionGuardState {
  /** `quiet`: nothing. `notice`: that they must sign in again. `signing_out`: it happens now. */
  readonly phase: 'quiet' | 'notice' | 'signing_out'
  /** What `session.error` said. */
  readonly code?: string
  /** Epoch milliseconds. Absent: not before they confirm. */
  readonly signOutAtMs?: number
}

/** Made by {@link createSessionGuard}. */
export interface SessionGuard {
  /** The same object until something changes. */
  readonly state: SessionGuardState
  /** The guard is at work while somebody listens. Returns what ends that. */
  subscribe(listener: () => void): () => void
  /** To be told of the session, and of every change of it. */
  update(source: SessionSource): void
  /** The user has read the notice: signs out now. */
  confirm(): void
}

/** A session that has ended, of one user. */
interface Ended {
  readonly who: string | undefined
  readonly code: string
  /** When it was first seen, on the monotonic clock. */
  readonly sinceMs: number
  /** Undefined until the user is told. */
  readonly signOutAtMs?: number
  /** `claiming`, `acting`: by us. `yielding`: another tab does. */
  leaving?: 'claiming' | 'acting' | 'yielding'
}

/** How long a tab listens for another that would sign out at the same moment, milliseconds. */
const CLAIM_MS = 100

/** How long another tab may take over a sign-out before we look again, milliseconds. */
const YIELD_MS = 10_000

/** How long until a sign-out that could not be is tried again, milliseconds. */
const RETRY_MS = 10_000

/** Comes before every tab that draws a number. */
const FIRST = -1

const QUIET: SessionGuardState = { phase: 'quiet' }

/**
 * Watches `session.error`: has the user told, and signs them out after a while, or when they say
 * so; once, in all tabs.
 *
 * Tied to the session it began with: nobody is signed out before the session was read again, and is
 * still of that user, and still has the error.
 *
 * @throws {TypeError} For options that make no sense.
 */
export function createSessionGuard(options: SessionGuardOptions): SessionGuard {
  const { graceMs = 60_000, debounceMs = 1_000, errors = SIGN_IN_ERRORS } = options
  const { identify = userOf, clock = systemClock, channel = 'refresh-once/session' } = options
  checkOptions(options.signOut, graceMs, debounceMs)
  const tab = (options.random ?? systemRandom).fraction()
  const listeners = new Set<() => void>()
  let state = QUIET
  let source: SessionSource | undefined
  let ended: Ended | undefined
  let tabs: Tabs | undefined
  let timer: unknown
  let isAsking = false
  let isClosing = false

  function show(next: SessionGuardState): void {
    if (next.phase === state.phase && next.signOutAtMs === state.signOutAtMs) return
    state = next
    for (const listener of listeners) listener()
  }

  /** The one thing that is to happen next. */
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

  /** Goes on with what is known, from wherever it was left. */
  function goOn(): void {
    if (ended === undefined) return
    const { leaving, sinceMs, signOutAtMs = Infinity } = ended
    if (leaving === 'claiming' || leaving === 'acting') return
    if (leaving === 'yielding') return later(YIELD_MS, () => notice(0))
    if (state === QUIET) return later(sinceMs + debounceMs - clock.monotonic(), tell)
    later(signOutAtMs - clock.now(), () => {
      // Timers of more than 24 days fire early.
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
    const { who, code, sinceMs } = ended
    const at = graceMs === Infinity ? {} : { signOutAtMs: clock.now() + ms }
    ended = { who, code, sinceMs, ...at }
    show({ phase: 'notice', code, ...at })
    goOn()
  }

  /** Perhaps: who is offline has no session either. */
  function seenNone(): void {
    const isOurs = ended?.leaving === 'claiming' || ended?.leaving === 'acting'
    if (ended === undefined || isOurs || isClosing) return
    later(debounceMs, close)
    isClosing = true
  }

  function seen(session: SessionLike): void {
    const code = errors.find((each) => each === session.error)
    const who = identify(session)
    if (ended !== undefined && (code === undefined || ended.who !== who)) {
      const wasTold = state !== QUIET
      close()
      if (wasTold) post('recovered')
    }
    if (code === undefined) return
    ended ??= { who, code, sinceMs: clock.monotonic() }
    if (listeners.size > 0) goOn()
  }

  /** Reads the session at the server. */
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

  function post(code: Message['code'], as = tab): void {
    tabs?.post({ code, tab: as })
  }

  function heard(message: Message): void {
    if (message.code === 'signing_out') return heardOfSignOut(message.tab)
    if (message.code === 'ended' && ended !== undefined) return
    if (message.code === 'recovered' && ended === undefined) return
    void look(message.code === 'signed_out')
  }

  /** Another tab is about to sign out: one of the two gives way. */
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
    const mine: Ended = (ended = { ...ended, leaving: 'claiming' })
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
    // next-auth has the other tabs read the session when one has: their answers set the cookie, and
    // one that came after the sign-out would put it back.
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
        const { leaving: _, who: __, sinceMs: ___, ...shown } = ended
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
    },
    confirm() {
      if (ended === undefined || state.phase !== 'notice') return
      show({ phase: 'signing_out', code: ended.code })
      void leave()
    },
  }
}

function checkOptions(signOut: unknown, graceMs: number, debounceMs: number): void {
  if (typeof signOut !== 'function') throw new TypeError('signOut is missing: a function')
  if (!(graceMs >= 0)) throw new TypeError('graceMs is milliseconds, or Infinity')
  if (!(debounceMs >= 0 && debounceMs < Infinity)) throw new TypeError('debounceMs is milliseconds')
}
