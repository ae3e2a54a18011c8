import { systemClock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import type { TokenSet } from '../core/token-set.ts'
import { createRefresher } from '../index.ts'
import type {
  Outcome,
  Refresher,
  RefresherOptions,
  RefreshOptions,
  RevokeOutcome,
  TokenStorage,
} from '../index.ts'
import type { Store } from '../ledger/store.ts'
import { IDLE_PATH_MS } from '../runtime/timing.ts'
import { ownSocket } from '../transport/own-socket.ts'

/** What `createRefresher` takes, without the store, which the file has. */
export interface SourceOptions extends Omit<RefresherOptions, 'ledger' | 'reload'> {
  readonly ledger?: Omit<RefresherOptions['ledger'], 'store'>
}

/** The tokens of a credential file, fresh. */
export interface CredentialSource {
  /**
   * A usable access token.
   *
   * @param key Default `default`.
   * @throws {RefreshError} `no_tokens` without a sign-in; the outcome's error; or one of the file.
   */
  accessToken(key?: string, options?: RefreshOptions): Promise<string>
  /** The whole outcome; `undefined` without a set. Rejects for trouble with the file only. */
  get(key?: string, options?: RefreshOptions): Promise<Outcome | undefined>
  /** Takes the set out of the file, ends the grant for every process, and revokes it at the AS. */
  signOut(key?: string): Promise<RevokeOutcome | undefined>
  /** For the end of the program: resolves when exchanges under way have ended. */
  drain(): Promise<void>
  readonly refresher: Refresher
}

/** The file that a source reads and writes. */
interface SourceFile extends TokenStorage<string, TokenSet> {
  readonly store: Store
  remove(key: string): Promise<void>
}

/** How often another program may rotate the tokens in between. */
const TURNS_MAX = 4

/** The code by which our own `fetch` says that it sent nothing. */
const REPLACED = 'refresh_once_replaced'

export function credentialSource(file: SourceFile, options: SourceOptions): CredentialSource {
  const {
    provider,
    ledger,
    fetch: send = ownSocket(options.clock ?? systemClock),
    ...rest
  } = options
  // The refresher sees a `fetch` in any case: ours, around that of the runtime or of the user.
  const { checkPathAfterMs = options.fetch ? Infinity : IDLE_PATH_MS } = rest
  /** The keys under which a refresh token was loaded, while a call is made with it. */
  const inUse = new Map<string, { readonly key: string; calls: number; isReplaced: boolean }>()

  /**
   * Looks into the file once more, when the claim is won and before the token is sent: another
   * program that has no part in the ledger may have presented it meanwhile.
   */
  async function guarded(url: string, init: RequestInit): Promise<Response> {
    const { body } = init
    const use =
      typeof body === 'string' ? [...inUse].find(([token]) => holds(body, token)) : undefined
    if (use === undefined) return send(url, init)
    const [token, call] = use
    const now = await file.load(call.key).catch(() => undefined)
    if (now?.refreshToken === token) return send(url, init)
    call.isReplaced = true
    return Response.json({ error: REPLACED }, { status: 400 })
  }

  const refresher = createRefresher({
    ...rest,
    provider: {
      ...provider,
      failures: { ...provider.failures, [REPLACED]: 'refused_before' },
    },
    ledger: { ...ledger, store: file.store },
    checkPathAfterMs,
    fetch: guarded,
  })

  async function refresh(
    key: string,
    tokens: TokenSet,
    asked: RefreshOptions | undefined,
  ): Promise<{ readonly outcome: Outcome; readonly isReplaced: boolean }> {
    const { refreshToken } = tokens
    if (refreshToken == null) {
      return { outcome: await refresher.refresh(tokens, asked), isReplaced: false }
    }
    const call = inUse.get(refreshToken) ?? { key, calls: 0, isReplaced: false }
    inUse.set(refreshToken, call)
    call.calls += 1
    try {
      const outcome = await refresher.refresh(tokens, asked)
      return { outcome, isReplaced: call.isReplaced }
    } finally {
      call.calls -= 1
      if (call.calls === 0) inUse.delete(refreshToken)
    }
  }

  async function get(key = 'default', asked?: RefreshOptions): Promise<Outcome | undefined> {
    let wanted = asked
    for (let turn = 1; ; turn += 1) {
      const tokens = await file.load(key)
      if (tokens == null) return undefined
      // What was refused is this token, also if the file holds another one by the next turn.
      if (wanted?.refused === true) wanted = { ...wanted, refused: tokens.accessToken }
      const { outcome, isReplaced } = await refresh(key, tokens, wanted)
      if (outcome.changed) await file.save(key, outcome.tokens, tokens)
      const isDone = outcome.usable && outcome.error === undefined && !isReplaced
      if (isDone || turn === TURNS_MAX) return outcome
      const now = await file.load(key)
      // Another process signed out.
      if (now == null) return isReplaced ? undefined : outcome
      if (now.refreshToken === tokens.refreshToken) return outcome
    }
  }

  return {
    get,
    async accessToken(key, asked) {
      const outcome = await get(key, asked)
      if (outcome === undefined) throw new RefreshError('no_tokens', { hint: 'Sign in.' })
      if (outcome.accessToken === undefined) throw outcome.error ?? new RefreshError('internal')
      return outcome.accessToken
    },
    async signOut(key = 'default') {
      const tokens = await file.load(key)
      if (tokens == null) return undefined
      const revoked = await refresher.revoke(tokens)
      await file.remove(key)
      return revoked
    },
    drain: () => refresher.drain(),
    refresher,
  }
}

/** Whether a body, a form or JSON, holds a token. */
function holds(body: string, token: string): boolean {
  if (new URLSearchParams(body).get('refresh_token') === token) return true
  return body.includes(encodeURIComponent(token)) || body.includes(JSON.stringify(token))
}
