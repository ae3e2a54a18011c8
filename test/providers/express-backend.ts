import { createHmac, randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Express, Request, Response } from 'express'

/** One sign-in: the chain of its refresh tokens, which ends when a spent one comes again. */
interface Session {
  readonly user: string
  isOver: boolean
}

export interface BackendOptions {
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  /** For how long an access token is good, seconds. */
  readonly accessTokenS: number
  /** How many refreshes a minute may have; the others are told to come again in the next one. */
  readonly perMinuteMax?: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** What the next answers to a refresh are, after the refresh token was looked at or before. */
export type Fault = 'cut' | 'half' | 'no successor' | 'maintenance'

/**
 * A backend as people write them: passwords, JWTs for access, refresh tokens that rotate and end
 * the whole session when a spent one comes again (RFC 9700 §4.14.2). In two shapes: JSON by POST,
 * and a cookie by GET.
 */
function backend(options: BackendOptions) {
  const { users, accessTokenS, perMinuteMax = Infinity, now } = options
  const key = randomBytes(32)
  const sessions = new Map<string, Session>()
  const presented = new Map<string, number>()
  const faults: Fault[] = []
  const perMinute = new Map<number, number>()

  function accessToken(user: string): string {
    const iat = Math.floor(now() / 1000)
    return signed({ sub: user, iat, exp: iat + accessTokenS, jti: randomBytes(8).toString('hex') })
  }

  function signed(claims: object): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }

  /** The user of an access token that is ours and good. */
  function userOf(token: string): string | undefined {
    const claims = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}',
    ) as { sub?: string; exp?: number }
    const isGood = signed(claims) === token && (claims.exp ?? 0) * 1000 > now()
    return isGood ? claims.sub : undefined
  }

  /** Base64 with its `+`, `/` and `=`, which a cookie has to encode. */
  function refreshToken(session: Session): string {
    const token = randomBytes(32).toString('base64')
    sessions.set(token, session)
    return token
  }

  function signIn(name: unknown, password: unknown): Session | undefined {
    const isRight = typeof name === 'string' && Object.hasOwn(users, name)
    return isRight && users[name] === password ? { user: name, isOver: false } : undefined
  }

  function signedIn(session: Session): object {
    return {
      user: { name: session.user },
      userToken: accessToken(session.user),
      userRefreshToken: refreshToken(session),
    }
  }

  /** Spends a refresh token. A spent one ends its session; an unknown one is just wrong. */
  function spend(token: string): Session | undefined {
    const times = (presented.get(token) ?? 0) + 1
    presented.set(token, times)
    const session = sessions.get(token)
    if (session !== undefined && times > 1) session.isOver = true
    return session?.isOver ? undefined : session
  }

  const app: Express = express()
  app.use(express.json())

  app.post('/login', (request: Request<object, unknown, Record<string, unknown>>, response) => {
    const session = signIn(request.body['name'], request.body['password'])
    if (session === undefined) return void response.status(401).json({ error: 'wrong_password' })
    response.json(signedIn(session))
  })

  app.post('/refresh', admitted, (request: Request<object, unknown, Tokens>, response) => {
    const session = spend(request.body.userRefreshToken)
    if (session === undefined) return void response.status(401).json({ error: 'token_spent' })
    const userRefreshToken = faults[0] === 'no successor' ? undefined : refreshToken(session)
    answer(response, { userToken: accessToken(session.user), userRefreshToken })
  })

  app.post(
    '/cookie/login',
    (request: Request<object, unknown, Record<string, unknown>>, response) => {
      const session = signIn(request.body['name'], request.body['password'])
      if (session === undefined) return void response.status(401).json({ error: 'wrong_password' })
      response.cookie('refresh', refreshToken(session), COOKIE)
      response.json({ token: accessToken(session.user) })
    },
  )

  app.get('/cookie/refresh', admitted, (request, response) => {
    const session = spend(cookieOf(request, 'refresh'))
    response.clearCookie('refresh', COOKIE)
    if (session === undefined) return void response.status(401).json({ error: 'token_spent' })
    if (faults[0] !== 'no successor') response.cookie('refresh', refreshToken(session), COOKIE)
    answer(response, { token: accessToken(session.user) })
  })

  app.get('/me', (request, response) => {
    const user = userOf(request.headers.authorization?.replace('Bearer ', '') ?? '')
    if (user === undefined) return void response.status(401).json({ error: 'token_expired' })
    response.json({ name: user })
  })

  /** A backend that is down, or has too much to do, says so before it looks at a token. */
  function admitted(_request: Request, response: Response, next: () => void): void {
    const minute = Math.floor(now() / 60_000)
    const count = (perMinute.get(minute) ?? 0) + 1
    perMinute.set(minute, count)
    if (count > perMinuteMax) {
      const leftS = 60 - Math.floor((now() / 1000) % 60)
      response.status(429).set('retry-after', `${leftS}`).json({ error: 'slow_down' })
    } else if (faults[0] === 'maintenance') {
      faults.shift()
      response.status(503).set('retry-after', '60').send('<h1>Back soon</h1>')
    } else {
      next()
    }
  }

  /** Answers, unless the answer is to be lost: then the token is spent all the same. */
  function answer(response: Response, body: object): void {
    const fault = faults.shift()
    if (fault === 'cut') return void response.destroy()
    if (fault !== 'half') return void response.json(body)
    const text = JSON.stringify(body)
    response.set('content-length', `${text.length}`).write(text.slice(0, text.length / 2), () => {
      response.destroy()
    })
  }

  return {
    app,
    /** What happens to the next refreshes, one each. */
    faults,
    /** How often refresh tokens were presented, each and all. */
    counts: () => ({
      presentations: [...presented.values()].reduce((sum, times) => sum + times, 0),
      ofOneMax: Math.max(0, ...presented.values()),
      /** Requests, with those that were told to come again. */
      requests: [...perMinute.values()].reduce((sum, count) => sum + count, 0),
    }),
    /** What a login is answered with, without a request. */
    signedIn: (user: string) => signedIn({ user, isOver: false }),
    /** Signs a user out, or everybody. */
    endSessions(user?: string): void {
      for (const session of sessions.values()) {
        if (user === undefined || session.user === user) session.isOver = true
      }
    },
  }
}

/** A backend that listens on a free port of this machine. */
export async function startBackend(options: BackendOptions) {
  const { app, ...rest } = backend(options)
  const server = app.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...rest,
    origin: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Tokens {
  readonly userRefreshToken: string
}

const COOKIE = { httpOnly: true, sameSite: 'lax', path: '/' } as const

function cookieOf({ headers }: Request, name: string): string {
  const pairs = (headers.cookie ?? '').split('; ')
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  return decodeURIComponent(value ?? '')
}
