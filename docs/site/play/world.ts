import { facts as auth0 } from '../../../providers/auth0.ts'
import { facts as entra } from '../../../providers/entra.ts'
import { facts as githubApp } from '../../../providers/github-app.ts'
import { facts as google } from '../../../providers/google.ts'
import { facts as keycloak } from '../../../providers/keycloak.ts'
import { facts as logto } from '../../../providers/logto.ts'
import { facts as okta } from '../../../providers/okta.ts'
import { facts as supabase } from '../../../providers/supabase.ts'
import { defineProvider, descriptionOf } from '../../../src/core/define-provider.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { createRefresher } from '../../../src/index.ts'
import type { Refresher, RefreshEvent, Store, TokenSet } from '../../../src/index.ts'
import type { ProviderFacts } from '../../../src/facts/provider-facts.ts'
import { stamping } from '../../../src/inspect/recorder.ts'
import type { RecordedLine } from '../../../src/inspect/recording.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { drawBehaviour } from '../../../src/testing/authorization-server/description.ts'
import { delivered, failure } from '../../../src/testing/authorization-server/fault.ts'
import { minting } from '../../../src/testing/authorization-server/grants.ts'
import { serverOf } from '../../../src/testing/authorization-server/provider-server.ts'
import { serverInMemory } from '../../../src/testing/authorization-server/server.ts'

/** The servers to choose from, by the facts of the providers. */
export const SERVERS: readonly ProviderFacts[] = [
  okta,
  auth0,
  logto,
  keycloak,
  githubApp,
  supabase,
  entra,
  google,
]

export const REQUESTS = 20
const PROCESSES = ['web-1', 'web-2', 'web-3', 'web-4'] as const
type ProcessName = (typeof PROCESSES)[number]

/** Time in the playground runs so many times as fast. */
const RATE = 4
/** How long a request, and then its answer, is on the way, milliseconds of the playground. */
const TRAVEL_MS = 900

export type Action = 'requests' | 'lose' | 'crash' | 'stale' | 'thief'
export type Fault = 'lose' | 'crash'
/** How one request of a user ended. */
export type Dot = 'waiting' | 'served' | 'failed' | 'died'

/** One of the two ways to refresh, in one action. */
export interface Side {
  readonly dots: Dot[]
  presentations: number
  isSignedOut: boolean
}

export interface Told {
  readonly onLine: (line: RecordedLine) => void
  readonly onChange: () => void
  readonly say: (text: string, tone: 'plain' | 'good' | 'bad') => void
}

export interface PlayWorld {
  readonly hand: Side
  readonly once: Side
  run(action: Action): Promise<void>
}

function playClock(): Clock & { pass(ms: number): void } {
  const startMs = Date.now()
  const origin = performance.now()
  let passedMs = 0
  const monotonic = (): number => (performance.now() - origin) * RATE + passedMs
  return {
    monotonic,
    now: () => startMs + monotonic(),
    setTimeout: (callback, ms) => setTimeout(callback, Math.min(ms / RATE, 2 ** 31 - 1)),
    clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    pass(ms) {
      passedMs += ms
    },
  }
}

let worlds = 0

/** One server, four processes, one user; everything in this page. */
export function playWorld(facts: ProviderFacts, { onLine, onChange, say }: Told): PlayWorld {
  const clock = playClock()
  const now = (): number => clock.now()
  const { behaviour } = drawBehaviour(serverOf(facts), () => 0)
  const mint = minting({ random: systemRandom, accessToken: behaviour.wire.accessToken, now })
  const newServer = () => serverInMemory({ behaviour, mint, now })
  const provider = defineProvider(descriptionOf(facts, examplesOf(facts)))
  const name = `playground ${(worlds += 1)}`
  const later = (ms: number) => new Promise<void>((done) => clock.setTimeout(done, ms))
  const servers = { hand: newServer(), once: newServer() }
  const hand = side()
  const once = side()
  /** Set for the next request that reaches a server. */
  const armed: { hand?: Fault | undefined; once?: Fault | undefined } = {}
  const members = new Map(PROCESSES.map((label) => [label, member(label)]))
  let cookies = signIn()
  let old: typeof cookies | undefined
  let first = cookies

  function signIn(): { hand: TokenSet; once: TokenSet } {
    const expiresAtMs = now() + behaviour.accessTokenMs
    const set = (of: 'hand' | 'once'): TokenSet => ({
      ...servers[of].signIn(),
      obtainedAtMs: now(),
      expiresAtMs,
    })
    return { hand: set('hand'), once: set('once') }
  }

  /** @param die Told that the process ends while its request is on the way. */
  async function exchange(of: 'hand' | 'once', init: RequestInit, url: string, die: () => void) {
    await later(TRAVEL_MS)
    const headers = new Headers(init.headers)
    const { body: given = '' } = init
    const body = given instanceof URLSearchParams ? given.toString() : (given as string)
    const arriving = { url, body, headers: (key: string) => headers.get(key) ?? undefined }
    const isRevocation = url === provider.revocationEndpoint
    if (isRevocation) servers[of].receiveRevocation(arriving)
    if (isRevocation || url.includes('/.well-known/')) return new Response('{}', { status: 200 })
    const side = of === 'hand' ? hand : once
    side.presentations += 1
    const { reply } = servers[of].receive(arriving)
    onChange()
    const fault = armed[of]
    armed[of] = undefined
    if (fault === 'crash') {
      die()
      return new Promise<never>(() => {})
    }
    await later(TRAVEL_MS)
    if (fault === 'lose') throw failure('ECONNRESET')
    return delivered(reply)
  }

  interface Member {
    readonly refresher: Refresher
    readonly died: Promise<'died'>
  }

  function member(label: ProcessName): Member {
    let isDead = false
    let onDeath = (): void => {}
    const died = new Promise<'died'>((done) => (onDeath = () => done('died')))
    const stamped = stamping(label)
    const shared = memoryStore({ name, clock })
    const alive = async <T>(work: () => Promise<T>): Promise<T> => {
      if (isDead) return new Promise<never>(() => {})
      return work()
    }
    const store: Store = {
      name: shared.name,
      id: `${name} ${label}`,
      read: (...given) => alive(() => shared.read(...given)),
      swap: (...given) => alive(() => shared.swap(...given)),
      changed: (...given) => alive(() => shared.changed(...given)),
    }
    const die = (): void => {
      isDead = true
      say(`${label} crashed. The server had already spent the token.`, 'bad')
      members.set(label, member(label))
      onDeath()
    }
    const refresher = createRefresher({
      provider,
      client: CLIENTS[provider.clientAuthentication === 'none' ? 'public' : 'confidential'],
      ledger: { store },
      timeouts: { requestMs: 6_000 },
      clock,
      fetch: (url, init) => exchange('once', init, url, die),
      onEvent: (event) => tell(label, event),
      inspect: {
        allowInProduction: true,
        lines: (batch) => {
          if (!isDead) for (const line of batch) onLine(stamped(line))
        },
      },
    })
    return { refresher, died }
  }

  function tell(label: string, event: RefreshEvent): void {
    if (event.type === 'presented') {
      const tone = event.outcome === 'granted' ? 'good' : 'bad'
      say(`${label} presented the refresh token once: ${event.outcome}.`, tone)
    }
    if (event.type === 'reuse_detected') {
      say('The old copy is recognised. The chain is ended and the live token is revoked.', 'bad')
    }
  }

  async function refreshOnce(index: number, tokens: TokenSet): Promise<void> {
    const { refresher, died } = members.get(PROCESSES[index % PROCESSES.length]!)!
    const outcome = await Promise.race([refresher.refresh(tokens), died])
    if (outcome === 'died') {
      once.dots[index] = 'died'
    } else {
      once.dots[index] = outcome.usable ? 'served' : 'failed'
      if (outcome.needsSignIn) once.isSignedOut = true
      if (outcome.changed && !once.isSignedOut) cookies.once = outcome.tokens
    }
    onChange()
  }

  /** What the guides show: read the cookie, and refresh it if it is over. */
  async function byHand(index: number, tokens: TokenSet): Promise<void> {
    let onDeath = (): void => {}
    const died = new Promise<undefined>((done) => (onDeath = () => done(undefined)))
    const { init, url } = requestOf(facts, tokens.refreshToken ?? '', provider.tokenEndpoint ?? '')
    try {
      const response = await Promise.race([exchange('hand', init, url, onDeath), died])
      if (response === undefined) hand.dots[index] = 'died'
      else await readByHand(index, response, tokens)
    } catch {
      hand.dots[index] = 'failed'
    }
    onChange()
  }

  async function readByHand(index: number, response: Response, before: TokenSet): Promise<void> {
    const given = (await response.json()) as Readonly<Record<string, unknown>>
    const accessToken = given['access_token']
    if (typeof accessToken !== 'string') {
      hand.dots[index] = 'failed'
      return
    }
    const next = given['refresh_token']
    const refreshToken = typeof next === 'string' ? next : before.refreshToken
    const expiresAtMs = now() + behaviour.accessTokenMs
    cookies.hand = { ...before, accessToken, refreshToken: refreshToken ?? '', expiresAtMs }
    hand.dots[index] = 'served'
  }

  async function together(count: number, held: typeof cookies): Promise<void> {
    for (const each of [hand, once]) {
      each.dots.splice(
        0,
        each.dots.length,
        ...Array.from({ length: count }, () => 'waiting' as const),
      )
      each.presentations = 0
      each.isSignedOut = false
    }
    onChange()
    const both = Array.from({ length: count }, (_, index) => [
      byHand(index, held.hand),
      refreshOnce(index, held.once),
    ])
    await Promise.all(both.flat())
    hand.isSignedOut = !servers.hand.isLive(cookies.hand.refreshToken ?? '')
    onChange()
  }

  /** An hour later, or as long as the server's access tokens live. */
  function expire(): void {
    clock.pass(behaviour.accessTokenMs + 1_000)
  }

  async function wave(count: number): Promise<void> {
    expire()
    const held = { ...cookies }
    old = held
    await together(count, held)
  }

  /** So that there is an older set than the newest. */
  async function rotateBefore(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) await wave(1)
  }

  function beginAnew(): void {
    cookies = signIn()
    first = { ...cookies }
    old = undefined
  }

  async function play(action: Action): Promise<void> {
    beginAnew()
    switch (action) {
      case 'requests':
        say('The access token is over. 20 requests in 4 processes come at once.', 'plain')
        return wave(REQUESTS)
      case 'lose':
      case 'crash':
        say(
          action === 'lose'
            ? '20 requests come at once. The first answer of the server is lost on its way.'
            : '20 requests come at once. The process that sends first crashes before the answer.',
          'plain',
        )
        Object.assign(armed, { hand: action, once: action })
        return wave(REQUESTS)
      case 'stale':
        say('A tab missed the new cookie. It comes with the token of before.', 'plain')
        await rotateBefore(1)
        return together(1, old!)
      case 'thief':
        say('Hours later, a thief comes with a copy of the first cookie.', 'plain')
        await rotateBefore(3)
        return together(1, first)
    }
  }

  return {
    hand,
    once,
    async run(action) {
      await play(action)
      say(`By hand: ${sumOf(hand)}`, hand.isSignedOut ? 'bad' : 'plain')
      say(`refresh-once: ${sumOf(once)}`, once.isSignedOut ? 'bad' : 'good')
    },
  }
}

const CLIENTS = {
  public: { id: 'playground' },
  confidential: { id: 'playground', secret: 'of-no-server' },
} as const

function side(): Side {
  return { dots: [], presentations: 0, isSignedOut: false }
}

export function sumOf({ dots, presentations, isSignedOut }: Side): string {
  const served = dots.filter((dot) => dot === 'served').length
  const sent = `${presentations} ${presentations === 1 ? 'presentation' : 'presentations'}`
  const end = isSignedOut ? ', the user is signed out.' : '.'
  return `${sent}, ${served} of ${dots.length} served${end}`
}

function examplesOf({ parameters = {} }: ProviderFacts): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(parameters).map(([key, { example }]) => [key, example]))
}

/** The refresh request of RFC 6749 §6, as a form, or as JSON where the server reads that. */
function requestOf({ request }: ProviderFacts, refreshToken: string, url: string) {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  const body = request?.format === 'json' ? JSON.stringify(Object.fromEntries(form)) : String(form)
  return { url, init: { method: 'POST', body } }
}
