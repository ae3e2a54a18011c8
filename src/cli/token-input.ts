import { open } from 'node:fs/promises'
import { readTokenSet } from '../core/field-styles.ts'
import type { TokenSet } from '../core/token-set.ts'
import { Misused } from './command.ts'
import { valueOf } from './target.ts'
import type { Surroundings } from './command.ts'

/** Where a token is: it never stands in a command line. `name`: of the file, or the variable. */
export interface TokenSource {
  readonly from: 'stdin' | 'file' | 'env'
  readonly name: string
}

/** Permissions of others than the owner. */
const OTHERS = 0o077

/**
 * The text that holds the token.
 *
 * @throws {Misused} When it is not there, or others can read it.
 */
export async function presentable(
  { from, name }: TokenSource,
  { env, input }: Surroundings,
): Promise<string> {
  if (from === 'stdin') return input()
  return from === 'env' ? valueOf(name, env) : privateText(name)
}

async function privateText(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => {
    throw new Misused(`${path} cannot be read`)
  })
  try {
    const { mode } = await file.stat()
    if ((mode & OTHERS) !== 0) {
      throw new Misused(`others can read ${path}: chmod 600, and think of the token as known`)
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/**
 * A refresh token alone, or a token set as JSON, in whatever style.
 *
 * @throws {Misused} For a text without refresh token. Does not print it.
 */
export function tokensIn(text: string): TokenSet {
  const token = text.trim()
  const tokens = token.startsWith('{') ? setIn(token) : { ...UNKNOWN, refreshToken: token }
  if (!tokens.refreshToken || /\s/.test(tokens.refreshToken)) {
    throw new Misused('there is no refresh token in what was given')
  }
  return tokens
}

/** A set must have an access token: this one is over, and goes nowhere. */
const UNKNOWN = { accessToken: 'none', expiresAtMs: 0 } as const

function setIn(json: string): TokenSet {
  try {
    const given = JSON.parse(json) as object
    return readTokenSet({ access_token: UNKNOWN.accessToken, ...given }).tokens
  } catch {
    throw new Misused('what was given is no token set in JSON')
  }
}

/** What of a set must not be printed. */
export function secretsOf({ accessToken, refreshToken, idToken, grant }: TokenSet): string[] {
  return [accessToken, refreshToken, idToken, grant].filter((each) => each != null)
}
