import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { sleep, systemClock } from '../core/clock.ts'
import type { Outcome, OutcomeState } from '../core/outcome.ts'
import { isRecord } from '../core/text.ts'
import { quietly } from '../core/user-code.ts'
import type { RefreshEvent } from '../runtime/events.ts'
import type { RefreshOptions } from '../runtime/options.ts'
import { createRefresher, type Refresher } from '../runtime/refresher.ts'
import { accessBy, type Access, type BrokerClient } from './access.ts'
import { answerOf, send, shownGrant, tokenBody, tokensIn, type Answer } from './answer.ts'
import { grantsIn, type HeldGrant } from './grants.ts'
import { keepAlive } from './keep-alive.ts'
import { listen, type ListenAt } from './listen.ts'
import { createMetrics } from './metrics.ts'
import {
  checkBroker,
  type BrokerEvent,
  type BrokerOptions,
  type BrokerProvider,
} from './options.ts'
import { BrokerProblem, ownProblem, problemOf } from './problem.ts'
import { askedBy, bodyOf, wantedIn, type Asked } from './request.ts'

export type { BrokerClient, BrokerEvent, BrokerOptions, BrokerProvider, ListenAt }

/** A broker that listens. */
export interface Broker extends AsyncDisposable {
  /** `unix:/run/broker.sock`, or `http://127.0.0.1:8080`. */
  readonly address: string
  /** Takes no more requests, lets those under way end, and loses nothing. For SIGTERM. */
  drain(): Promise<void>
}

/** Node's own defaults let a slow client hold a connection for five minutes. */
const HTTP_LIMITS = { requestTimeout: 15_000, headersTimeout: 10_000, keepAliveTimeout: 60_000 }

/** How long clients that are still sending are waited for at the end, milliseconds. */
const CLOSE_MAX_MS = 5_000

/**
 * Serves access tokens to other programs, in any language. The refresh tokens stay here: they are
 * never in an answer.
 *
 * @throws {TypeError} For options that would open the tokens to others, or lose them.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  checkBroker(options)
  const { store, secret, keepAliveEveryMs, clock = systemClock, onEvent } = options
  const metrics = createMetrics()
  const states = new Map<string, OutcomeState>()
  const grants = grantsIn({ store, secret, clock })
  const access = accessBy(options.clients)
  const ending = new AbortController()

  const tell = (event: BrokerEvent): void => quietly(() => onEvent?.(event))
  const observe = (event: RefreshEvent): void => {
    metrics.observe(event)
    tell(event)
  }
  const refreshers = new Map(
    Object.entries(options.providers).map(([name, given]): [string, Refresher] => {
      const ledger = { store, pepper: secret }
      return [name, createRefresher({ ...given, ledger, onEvent: observe, clock })]
    }),
  )

  function refresherOf({ provider }: Pick<HeldGrant, 'provider'>): Refresher {
    const refresher = refreshers.get(provider)
    if (refresher === undefined) throw ownProblem('unknown_provider')
    return refresher
  }

  async function heldOf(id: string): Promise<HeldGrant> {
    const held = await grants.get(id)
    if (held === undefined) throw ownProblem('no_grant')
    return held
  }

  /** Renews a grant if it must be, and keeps what came. */
  async function refreshed(id: string, held: HeldGrant, asked: RefreshOptions): Promise<Outcome> {
    const outcome = await refresherOf(held).refresh(held.tokens, asked)
    states.set(id, outcome.state)
    if (outcome.changed) {
      await grants.renew(id, { before: held, now: { ...held, tokens: outcome.tokens } })
    }
    return outcome
  }

  async function token(id: string, asked: RefreshOptions): Promise<Answer> {
    const outcome = await refreshed(id, await heldOf(id), asked)
    if (outcome.usable) return { status: 200, body: tokenBody(outcome, clock.now()) }
    throw new BrokerProblem(problemOf(outcome.error, outcome.needsSignIn, clock.now()))
  }

  async function deposit(id: string, request: IncomingMessage): Promise<Answer> {
    const { provider, tokens: given, ...others } = await bodyOf(request)
    const unknown = Object.keys(others)[0]
    if (unknown !== undefined || typeof provider !== 'string' || !isRecord(given)) {
      throw ownProblem('bad_request', 'Write { "provider": "name", "tokens": { … } }.')
    }
    const refresher = refresherOf({ provider })
    const tokens = tokensIn(given, refresher, clock.now())
    const { isNew } = await grants.deposit(id, { provider, tokens })
    states.delete(id)
    return { status: isNew ? 201 : 200, body: shownGrant(id, { provider, tokens }, undefined) }
  }

  async function revoke(id: string): Promise<Answer> {
    const held = await heldOf(id)
    const { ended, revoked, error } = await refresherOf(held).revoke(held.tokens)
    // While the ledger has not ended the chain, other copies of it would be served.
    if (!ended && error !== undefined) throw new BrokerProblem(problemOf(error, false, clock.now()))
    await grants.remove(id)
    states.delete(id)
    return { status: 200, body: { ended, revoked, code: error?.code } }
  }

  async function list({ may }: Access): Promise<Answer> {
    const ids = (await grants.ids()).filter(may)
    const rows = await Promise.all(ids.map(async (id) => [id, await grants.get(id)] as const))
    // A grant may have been removed since the list was read.
    const shown = rows.flatMap(([id, held]) =>
      held === undefined ? [] : [shownGrant(id, held, states.get(id))],
    )
    return { status: 200, body: { grants: shown } }
  }

  /** Whether the store answers. A broker that is ending takes no more work. */
  async function health(): Promise<Answer> {
    if (ending.signal.aborted) return { status: 503, body: { status: 'draining' } }
    try {
      await grants.get('healthz')
      return { status: 200, body: { status: 'ok' } }
    } catch {
      return { status: 503, body: { status: 'store_unavailable' } }
    }
  }

  async function answer(asked: Asked, request: IncomingMessage, allowed: Access): Promise<Answer> {
    switch (asked.route) {
      case 'health':
        return health()
      case 'metrics':
        return { status: 200, body: metrics.text(), type: 'text/plain; version=0.0.4' }
      case 'list':
        return list(allowed)
      case 'token':
        return token(asked.id, wantedIn(queryOf(request)))
      case 'refused': {
        const { access_token: refused } = await bodyOf(request)
        if (typeof refused !== 'string' || refused === '') {
          throw ownProblem('bad_request', 'Write { "access_token": the refused one }.')
        }
        return token(asked.id, { ...wantedIn(queryOf(request)), refused })
      }
      case 'deposit':
        return deposit(asked.id, request)
      case 'revoke':
        return revoke(asked.id)
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = clock.monotonic()
    let asked: Asked | undefined
    let allowed: Access | undefined
    let answered: Answer
    try {
      asked = askedBy(request.method ?? 'GET', pathOf(request))
      allowed = asked.route === 'health' ? PUBLIC : access(request.headers.authorization)
      if (allowed === undefined) {
        throw ownProblem('unauthorized', undefined, { 'www-authenticate': 'Bearer' })
      }
      if ('id' in asked && !allowed.may(asked.id)) throw ownProblem('forbidden')
      answered = await answer(asked, request, allowed)
    } catch (error) {
      answered = answerOf(error, clock.now())
    }
    // A connection that is kept alive would keep an ending broker alive.
    if (ending.signal.aborted) response.setHeader('connection', 'close')
    send(response, answered)
    const route = asked?.route ?? 'none'
    const durationMs = clock.monotonic() - startedAt
    metrics.answered(route, answered.status, durationMs)
    tell({
      type: 'request',
      atMs: clock.now(),
      route,
      status: answered.status,
      client: allowed?.client,
      grantId: asked && 'id' in asked && allowed?.may(asked.id) ? asked.id : undefined,
      code: answered.code,
      durationMs,
    })
  }

  const http = createServer(HTTP_LIMITS, (request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  const address = await listen(http, options.listen)
  const kept = keepAlive({
    grants,
    everyMs: keepAliveEveryMs,
    clock,
    signal: ending.signal,
    idleMsOf: ({ provider }) => refreshers.get(provider)?.provider.response.refreshIdleMs,
    stateOf: (id) => states.get(id),
    renew: (id, held, minValidMs) => refreshed(id, held, { minValidMs }),
    tell({ states: seen, ...counts }) {
      metrics.setGrants(seen)
      tell({ type: 'idle_grants_checked', atMs: clock.now(), ...counts })
    },
  })

  async function drain(): Promise<void> {
    if (ending.signal.aborted) return
    ending.abort()
    const closed = new Promise<void>((resolve) => http.close(() => resolve()))
    http.closeIdleConnections()
    await Promise.all([...refreshers.values()].map((each) => each.drain()))
    await Promise.all([Promise.race([closed, sleep(clock, CLOSE_MAX_MS)]), kept])
    http.closeAllConnections()
    await grants.settled()
  }

  return { address, drain, [Symbol.asyncDispose]: drain }
}

/** Everybody may ask whether the broker works: the answer says nothing else. */
const PUBLIC: Access = { client: undefined, may: () => false }

const urlOf = (request: IncomingMessage): string => request.url ?? '/'
const pathOf = (request: IncomingMessage): string => urlOf(request).split('?', 1)[0]!

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(urlOf(request).split('?').slice(1).join('?'))
}
