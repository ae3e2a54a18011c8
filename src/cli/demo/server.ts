import { createHash } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { oidc } from '../../../providers/oidc.ts'
import type { Clock } from '../../core/clock.ts'
import { defineProvider } from '../../core/define-provider.ts'
import type { Provider } from '../../core/provider.ts'
import { isRecord } from '../../core/text.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { authorizationServer } from '../../testing/authorization-server.ts'
import { presets } from '../../testing/presets.ts'
import { oidcProvider } from './oidc-provider.ts'

/** What the server saw of one grant. */
export interface GrantCounts {
  /** Requests that carried a refresh token of the grant. */
  readonly presentations: number
  /** Different refresh tokens among them, and those that came more than once. */
  readonly presentedTokens: number
  readonly presentedTwice: number
  /** The most presentations of one refresh token that were awaited at the same time. */
  readonly atOnceMax: number
  readonly granted: number
  readonly refused: number
  /** Presentations of spent refresh tokens, which were refused. */
  readonly reuses: number
  /** Answers that were lost on their way to the client. */
  readonly lost: number
  readonly isLive: boolean
}

type DemoTokens = TokenSet & { readonly refreshToken: string }

/** The authorization server of the demo, with a gateway before it that counts. */
export interface DemoServer extends AsyncDisposable {
  /** Which server it is, in words for the user. */
  readonly name: string
  readonly tokenEndpoint: string
  readonly clientId: string
  /** The provider for a refresher. */
  readonly provider: Provider
  signIn(): Promise<DemoTokens>
  isLive(token: string): Promise<boolean>
  /** Counts what happened to the grant of a refresh token. */
  counts(refreshToken: string | undefined): Promise<GrantCounts>
  /** Cuts the next answer, after the server has consumed the refresh token. */
  loseNextAnswer(): void
}

export interface DemoServerOptions {
  readonly accessTokenMs: number
  readonly clock: Clock
  /** Default: oidc-provider if it is installed, else the described server. */
  readonly kind?: 'oidc-provider' | 'described'
  /** Whether the described server rotates refresh tokens. Default `true`. */
  readonly rotates?: boolean
}

const CLIENT_ID = 'demo'

/** Starts an authorization server on a free port of 127.0.0.1. */
export async function startDemoServer(options: DemoServerOptions): Promise<DemoServer> {
  const { clock, accessTokenMs } = options
  const front = createServer()
  const url = await listen(front)
  const backend = await backendOf(url, options)
  const gateway = gatewayTo(backend.origin)
  front.on('request', (request, response) => {
    gateway.pass(request).then(
      (answer) => {
        if (answer === undefined) return response.destroy()
        return response.writeHead(answer.status, answer.headers).end(answer.body)
      },
      () => response.destroy(),
    )
  })
  return {
    name: backend.name,
    provider: backend.provider,
    tokenEndpoint: `${url}/token`,
    clientId: CLIENT_ID,
    async signIn() {
      const obtainedAtMs = clock.now()
      const tokens = await backend.signIn()
      gateway.begin(tokens.refreshToken)
      return { ...tokens, obtainedAtMs, expiresAtMs: obtainedAtMs + accessTokenMs }
    },
    isLive: backend.isLive,
    async counts(refreshToken = '') {
      const { newest, ...counts } = gateway.counts(refreshToken)
      return { ...counts, isLive: await backend.isLive(newest) }
    },
    loseNextAnswer: gateway.loseNext,
    async [Symbol.asyncDispose]() {
      await Promise.all([close(front), backend[Symbol.asyncDispose]()])
    },
  }
}

interface Backend extends AsyncDisposable, Pick<DemoServer, 'name' | 'provider' | 'isLive'> {
  readonly origin: string
  signIn(): Promise<{ readonly accessToken: string; readonly refreshToken: string }>
}

async function backendOf(url: string, options: DemoServerOptions): Promise<Backend> {
  const { kind, accessTokenMs, clock, rotates = true } = options
  const real = kind === 'described' ? undefined : await oidcProvider(url, CLIENT_ID, accessTokenMs)
  if (real !== undefined) {
    const server = createServer(real.answer)
    return {
      ...real,
      name: 'oidc-provider',
      origin: await listen(server),
      provider: oidc({ issuer: url }),
      [Symbol.asyncDispose]: () => close(server),
    }
  }
  if (kind === 'oidc-provider') throw new Error('oidc-provider is not installed')
  const description = { ...presets['oidc-provider'], accessTokenMs }
  const server = await authorizationServer(
    rotates ? description : { ...description, rotation: 'never' },
    { clock },
  )
  return {
    name: 'a described server (oidc-provider is not installed)',
    origin: server.issuer,
    provider: defineProvider({ id: 'described', tokenEndpoint: `${url}/token` }),
    signIn: async () => server.signIn(),
    isLive: async (token) => server.isLive(token),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

interface PresentedToken {
  presentations: number
  awaited: number
  awaitedMax: number
  refused: number
  isSpent: boolean
}

interface SeenGrant {
  newest: string
  granted: number
  lost: number
  readonly presented: Map<string, PresentedToken>
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Gateway {
  /** Notes the first refresh token of a new grant. */
  begin(refreshToken: string): void
  counts(refreshToken: string): Omit<GrantCounts, 'isLive'> & { readonly newest: string }
  loseNext(): void
  /** Passes a request on. Returns `undefined` if its answer is to be lost. */
  pass(request: IncomingMessage): Promise<Answer | undefined>
}

/** Passes requests on to a server, and counts the presentations among them. */
function gatewayTo(origin: string): Gateway {
  /** The grants by their refresh tokens. */
  const grants = new Map<string, SeenGrant>()
  let losesNext = false

  async function present(token: string, grant: SeenGrant, send: () => Promise<Answer>) {
    const seen = presentedOf(grant, token)
    const isLost = losesNext
    losesNext = false
    seen.presentations += 1
    seen.awaited += 1
    seen.awaitedMax = Math.max(seen.awaitedMax, seen.awaited)
    try {
      const answer = await send()
      const next = refreshTokenIn(answer)
      if (answer.status !== 200) seen.refused += 1
      else {
        grant.granted += 1
        seen.isSpent ||= next !== undefined && next !== token
        grant.newest = next ?? grant.newest
        grants.set(grant.newest, grant)
      }
      if (!isLost) return answer
      grant.lost += 1
      return undefined
    } finally {
      seen.awaited -= 1
    }
  }

  return {
    begin: (newest) =>
      void grants.set(newest, { newest, granted: 0, lost: 0, presented: new Map() }),
    counts(refreshToken) {
      const grant = grants.get(refreshToken)
      if (grant === undefined) throw new Error('the refresh token is not of this server')
      const { newest, granted, lost } = grant
      const tokens = [...grant.presented.values()]
      const sum = (count: (token: PresentedToken) => number): number =>
        tokens.reduce((total, token) => total + count(token), 0)
      return {
        newest,
        granted,
        lost,
        presentations: sum(({ presentations }) => presentations),
        presentedTokens: tokens.length,
        presentedTwice: tokens.filter(({ presentations }) => presentations > 1).length,
        atOnceMax: Math.max(0, ...tokens.map(({ awaitedMax }) => awaitedMax)),
        refused: sum(({ refused }) => refused),
        reuses: sum(({ isSpent, refused }) => (isSpent ? refused : 0)),
      }
    },
    loseNext: () => void (losesNext = true),
    async pass(request) {
      const body = await buffer(request)
      const send = (): Promise<Answer> => forward(origin, request, body)
      const token = new URLSearchParams(body.toString()).get('refresh_token') ?? ''
      const grant = grants.get(token)
      return grant === undefined ? send() : present(token, grant, send)
    },
  }
}

function presentedOf({ presented }: SeenGrant, token: string): PresentedToken {
  const seen = presented.get(token) ?? {
    presentations: 0,
    awaited: 0,
    awaitedMax: 0,
    refused: 0,
    isSpent: false,
  }
  presented.set(token, seen)
  return seen
}

function refreshTokenIn({ status, body }: Answer): string | undefined {
  if (status !== 200) return undefined
  const answer: unknown = JSON.parse(body.toString())
  const token = isRecord(answer) ? answer['refresh_token'] : undefined
  return typeof token === 'string' ? token : undefined
}

/** Forwards a request with its `Host`: the metadata of oidc-provider names its endpoints by it. */
function forward(origin: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest(new URL(url ?? '/', origin), { method, headers }, (answer) => {
      buffer(answer).then(
        (whole) =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: whole }),
        reject,
      )
    })
    sent.on('error', reject).end(body)
  })
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Names a token in print: the first 8 hex digits of its SHA-256. */
export function digest8(token = ''): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8)
}
