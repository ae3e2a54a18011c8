import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import express, { type CookieOptions, type Express, type Request } from 'express'
import { jwtVerify, SignJWT } from 'jose'

/** A sign-in: the chain of its refresh tokens, of which only the newest is good. */
interface Session {
  readonly user: string
  newest: string
}

/** What a refresh token is good for, once. */
interface Renewal {
  readonly user: string
  readonly next: string
}

export interface BackendOptions {
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  /** For how long an access token is good, seconds. Default 300. */
  readonly accessTokenS?: number
}

const ISSUER = 'https://backend.example.com'
const COOKIE: CookieOptions = { httpOnly: true, sameSite: 'strict', path: '/cookie/refresh' }

/**
 * A backend that signs people in by itself: JWTs for access, refresh tokens that are good once. One
 * that comes a second time ends its session, as RFC 9700 §4.14.2 has it.
 *
 * In two shapes: `/login` and `/refresh` speak JSON; below `/cookie` the refresh token is a cookie,
 * and `/refresh` a GET that answers `{ token }`.
 */
export function backend({ users, accessTokenS = 300 }: BackendOptions): Express {
  const key = randomBytes(32)
  const passwords = new Map(Object.entries(users).map(([name, each]) => [name, hashed(each)]))
  // By the digest of each refresh token of its chain: whoever reads this table can present none.
  const sessions = new Map<string, Session>()

  const accessToken = (user: string): Promise<string> =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject(user)
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setJti(randomBytes(8).toString('hex'))
      .setIssuedAt()
      .setExpirationTime(`${accessTokenS} s`)
      .sign(key)

  function refreshToken(session: Session): string {
    const token = randomBytes(32).toString('base64url')
    session.newest = digest(token)
    sessions.set(session.newest, session)
    return token
  }

  function signIn({ name, password }: Credentials): Session | undefined {
    const wanted = passwords.get(String(name))
    if (wanted === undefined || !isSame(wanted, String(password))) return undefined
    return { user: String(name), newest: '' }
  }

  /**
   * Whose a refresh token is, and the one that replaces it; without an `await`, so that of two that
   * come at the same moment one is late.
   */
  function rotate(token: unknown): Renewal | undefined {
    const session = sessions.get(digest(String(token)))
    if (session?.newest === digest(String(token))) {
      return { user: session.user, next: refreshToken(session) }
    }
    end(session)
    return undefined
  }

  function end(session: Session | undefined): void {
    for (const [each, its] of sessions) if (its === session) sessions.delete(each)
  }

  const app = express().use(express.json(), express.urlencoded())

  app.post('/login', async ({ body }: Request<object, unknown, Credentials>, response) => {
    const session = signIn(body)
    if (!session) return void response.status(401).json({ error: 'wrong_password' })
    const userToken = await accessToken(session.user)
    response.json({ userToken, userRefreshToken: refreshToken(session) })
  })

  app.post('/refresh', async ({ body }: Request<object, unknown, Tokens>, response) => {
    const renewal = rotate(body.userRefreshToken)
    if (!renewal) return void response.status(401).json({ error: 'sign_in_again' })
    const userToken = await accessToken(renewal.user)
    response.json({ userToken, userRefreshToken: renewal.next })
  })

  app.post('/cookie/login', async ({ body }: Request<object, unknown, Credentials>, response) => {
    const session = signIn(body)
    if (!session) return void response.status(401).json({ error: 'wrong_password' })
    const token = await accessToken(session.user)
    response.cookie('refresh', refreshToken(session), COOKIE).json({ token })
  })

  app.get('/cookie/refresh', async ({ headers }, response) => {
    const renewal = rotate(/(?:^|; )refresh=([^;]*)/.exec(headers.cookie ?? '')?.[1])
    if (!renewal) return void response.status(401).json({ error: 'sign_in_again' })
    const token = await accessToken(renewal.user)
    response.cookie('refresh', renewal.next, COOKIE).json({ token })
  })

  // RFC 7009: whoever has a token of a session may end it. Nobody is told whether there was one.
  app.post('/revoke', ({ body }: Request<object, unknown, { token?: unknown }>, response) => {
    end(sessions.get(digest(String(body.token))))
    response.end()
  })

  app.get('/me', async ({ headers }, response) => {
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    const expected = { issuer: ISSUER, audience: ISSUER, algorithms: ['HS256'], typ: 'at+jwt' }
    const verified = await jwtVerify(token, key, expected).catch(() => undefined)
    if (verified) return void response.json({ name: verified.payload.sub })
    response.status(401).set('www-authenticate', 'Bearer error="invalid_token"').end()
  })

  return app
}

interface Credentials {
  readonly name?: unknown
  readonly password?: unknown
}

interface Tokens {
  readonly userRefreshToken?: unknown
}

interface Hashed {
  readonly salt: Buffer
  readonly hash: Buffer
}

function hashed(password: string, salt: Buffer = randomBytes(16)): Hashed {
  return { salt, hash: scryptSync(password, salt, 32) }
}

function isSame({ salt, hash }: Hashed, password: string): boolean {
  return timingSafeEqual(hash, hashed(password, salt).hash)
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
