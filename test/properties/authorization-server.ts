import type { AsFault, AsKind } from './plan.ts'
import type { Process, Schedule } from '../../src/testing/schedule.ts'

export const TOKEN_ENDPOINT = 'https://as.example/token'
export const REVOCATION_ENDPOINT = 'https://as.example/revoke'

/** In every token, so that one is recognised wherever it turns up. */
export const MARK = 'HUSH'

export const LIFETIME_MS = 300_000
export const WINDOW_MS = 60_000

/** One refresh token on its way to the AS, and what its holder may know of it. */
export interface Presentation {
  readonly token: string
  readonly worker: Process
  readonly sentAtMs: number
  /** Whether its holder waits for the answer. */
  isAwaited: boolean
  /** What its holder knows: whether the token is provably unspent, or what came for it. */
  ending?: 'unspent' | 'unproven' | Granted
}

export interface Granted {
  readonly accessToken: string
  readonly successor?: string | undefined
  /** Whether the token that was presented lives on. */
  readonly isKept: boolean
}

interface RefreshToken {
  readonly generation: number
  state: 'live' | 'spent' | 'revoked'
  spentAtMs?: number
  successor?: string
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
  readonly ending: NonNullable<Presentation['ending']>
}

export interface AuthorizationServer {
  readonly presentations: Presentation[]
  readonly refreshTokens: ReadonlyMap<string, RefreshToken>
  readonly accessTokens: ReadonlyMap<string, { isRevoked: boolean }>
  /** Whether it ended the grant by itself. */
  readonly isKilled: boolean
  readonly isAskedToRevoke: boolean
  /** Whether a revocation it was asked for may not have reached it. */
  readonly missedRevocation: boolean
  /** What a worker's requests go through. */
  fetchOf(worker: Process): (url: string, init: RequestInit) => Promise<Response>
}

export interface AsOptions {
  readonly kind: AsKind
  readonly schedule: Schedule
  /** What becomes of a presentation, by its number. */
  readonly faultAt: (presentation: number) => AsFault | undefined
  /** Told before a refresh token is sent. */
  readonly onSend: (token: string, worker: Process) => void
  readonly onRevoke: (token: string) => void
  readonly onFault: (fault: AsFault) => void
}

export const FIRST = { refreshToken: `rt.0.${MARK}`, accessToken: `at.0.${MARK}` } as const

/**
 * An AS in memory. It is strict: a token that it took and that comes again costs the whole grant
 * (RFC 9700 §4.14.2). Requests and answers take their time, and either may get lost.
 */
export function createAuthorizationServer({
  kind,
  schedule,
  faultAt,
  onSend,
  onRevoke,
  onFault,
}: AsOptions): AuthorizationServer {
  const refreshTokens = new Map<string, RefreshToken>([
    [FIRST.refreshToken, { generation: 0, state: 'live' }],
  ])
  const accessTokens = new Map([[FIRST.accessToken as string, { isRevoked: false }]])
  const presentations: Presentation[] = []
  let requests = 0
  let isKilled = false
  let missedRevocation = false
  let isAskedToRevoke = false

  function kill(): void {
    for (const token of refreshTokens.values()) token.state = 'revoked'
    for (const token of accessTokens.values()) token.isRevoked = true
  }

  function grant(token: string): Answer {
    const held = refreshTokens.get(token)
    const isInWindow =
      kind === 'window' && held?.state === 'spent' && schedule.nowMs < held.spentAtMs! + WINDOW_MS
    if (held === undefined || (held.state !== 'live' && !isInWindow)) {
      if (held?.state === 'spent') kill()
      return { status: 400, body: { error: 'invalid_grant' }, ending: 'unproven' }
    }
    const number = accessTokens.size
    const accessToken = `at.${number}.${MARK}`
    accessTokens.set(accessToken, { isRevoked: false })
    const body = { access_token: accessToken, token_type: 'Bearer', expires_in: LIFETIME_MS / 1000 }
    const rotates = !(
      kind === 'kept' ||
      kind === 'never' ||
      (kind === 'sometimes' && number % 2 === 0)
    )
    if (!rotates) {
      const echo = number % 2 === 0 ? { refresh_token: token } : {}
      return { status: 200, body: { ...body, ...echo }, ending: { accessToken, isKept: true } }
    }
    held.state = 'spent'
    held.spentAtMs ??= schedule.nowMs
    if (kind === 'omitted') return { status: 200, body, ending: { accessToken, isKept: false } }
    held.successor ??= `rt.${refreshTokens.size}.${MARK}`
    const { successor, generation } = held
    if (!refreshTokens.has(successor)) {
      refreshTokens.set(successor, { generation: generation + 1, state: 'live' })
    }
    return {
      status: 200,
      body: { ...body, refresh_token: successor },
      ending: { accessToken, successor, isKept: false },
    }
  }

  function answer(token: string, fault: AsFault | undefined): Answer {
    if (fault === '429') {
      return { status: 429, body: {}, headers: { 'retry-after': '3' }, ending: 'unspent' }
    }
    if (fault === '503') return { status: 503, body: {}, ending: 'unproven' }
    if (fault === 'refused before') {
      return { status: 401, body: { error: 'invalid_client' }, ending: 'unspent' }
    }
    if (fault === 'killed') {
      isKilled = true
      kill()
    }
    const granted = grant(token)
    if (fault === '503 after consuming') return { status: 503, body: {}, ending: 'unproven' }
    if (fault === 'garbage') return { status: 200, body: '<html>', ending: 'unproven' }
    if (fault === 'refused after') {
      return { status: 400, body: { error: 'invalid_target' }, ending: 'unproven' }
    }
    return granted
  }

  async function present(token: string, worker: Process, signal: AbortSignal): Promise<Response> {
    onSend(token, worker)
    const presentation: Presentation = {
      token,
      worker,
      sentAtMs: schedule.nowMs,
      isAwaited: true,
    }
    presentations.push(presentation)
    const end = (ending: NonNullable<Presentation['ending']>): void => {
      if (!presentation.isAwaited) return
      presentation.isAwaited = false
      presentation.ending = ending
    }
    signal.addEventListener('abort', () => end('unproven'))
    const fault = faultAt(requests)
    requests += 1
    if (fault !== undefined) onFault(fault)
    if (fault === 'refused connection') {
      await worker.step(`finds nobody listening for ${token}`)
      end('unspent')
      throw failure('ECONNREFUSED')
    }
    await worker.travel(`presents ${token}`)
    if (fault === 'lost request') {
      await worker.step(`loses the request of ${token}`)
      end('unproven')
      throw failure('ECONNRESET')
    }
    const { status, body, headers, ending } = answer(token, fault)
    if (fault === 'hangs') await new Promise(() => {})
    await worker.step(`is answered ${status} for ${token}${fault ? ` (${fault})` : ''}`)
    if (fault === 'lost answer') {
      end('unproven')
      throw failure('ECONNRESET')
    }
    end(ending)
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  async function revoke(token: string, worker: Process, signal: AbortSignal): Promise<Response> {
    const miss = (): void => void (missedRevocation = true)
    signal.addEventListener('abort', miss)
    isAskedToRevoke = true
    onRevoke(token)
    await worker.travel(`asks to revoke ${token}`)
    const refresh = refreshTokens.get(token)
    if (refresh !== undefined) refresh.state = 'revoked'
    const access = accessTokens.get(token)
    if (access !== undefined) access.isRevoked = true
    await worker.step(`is told that ${token} is revoked`)
    signal.removeEventListener('abort', miss)
    return new Response('', { status: 200 })
  }

  return {
    presentations,
    refreshTokens,
    accessTokens,
    get isKilled() {
      return isKilled
    },
    get isAskedToRevoke() {
      return isAskedToRevoke
    },
    get missedRevocation() {
      return missedRevocation
    },
    fetchOf: (worker) => async (url, init) => {
      const parameters = new URLSearchParams(init.body as URLSearchParams | string)
      if (url === REVOCATION_ENDPOINT) return revoke(parameters.get('token')!, worker, init.signal!)
      if (url !== TOKEN_ENDPOINT) throw new Error(`sent to ${url}`)
      return present(parameters.get('refresh_token')!, worker, init.signal!)
    },
  }
}

function failure(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}
