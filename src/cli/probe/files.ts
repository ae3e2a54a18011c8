import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { readTokenSet } from '../../core/field-styles.ts'
import type { TokenSet } from '../../core/token-set.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { UsageError } from '../args.ts'
import type { Environment } from '../command.ts'
import { valueOf } from '../target.ts'
import type { Fixture } from './described.ts'
import type { Measured } from './rotation.ts'
import type { ProbeTarget, TokenInput } from './target.ts'

/** The permissions of users other than the owner. */
const OTHERS = 0o077

/**
 * Reads the text that holds the tokens.
 *
 * @throws {UsageError} If it is absent, or if other users can read it.
 */
export async function tokenText(
  { from, name }: TokenInput,
  { env, input }: Environment,
): Promise<string> {
  if (from === 'stdin') return input()
  return from === 'env' ? valueOf(name, env) : privateText(name)
}

async function privateText(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => {
    throw new UsageError(`${path} cannot be read`)
  })
  try {
    const { mode } = await file.stat()
    if ((mode & OTHERS) !== 0) {
      throw new UsageError(
        `others can read ${path}: chmod 600, and revoke the token, which they may have read`,
      )
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/**
 * Reads a refresh token alone, or a token set as JSON, in any style.
 *
 * @throws {UsageError} For a text without refresh token. The message does not quote it.
 */
export function tokensIn(text: string): TokenSet {
  const token = text.trim()
  const tokens = token.startsWith('{') ? setIn(token) : { ...UNKNOWN, refreshToken: token }
  if (!tokens.refreshToken || /\s/.test(tokens.refreshToken)) {
    throw new UsageError('the text holds no refresh token')
  }
  return tokens
}

/** A token set needs an access token: this one has expired and is never sent. */
const UNKNOWN = { accessToken: 'none', expiresAtMs: 0 } as const

function setIn(json: string): TokenSet {
  try {
    const given = JSON.parse(json) as object
    // A token response has a lifetime and no time: `expires` counts if nothing else does.
    return readTokenSet({ access_token: UNKNOWN.accessToken, expires: 0, ...given }).tokens
  } catch {
    throw new UsageError('the JSON is not a token set')
  }
}

/** A new file that is ready for token sets, which no server sends twice. */
export interface SuccessorFile {
  /** Writes a text, which is on the disk when this resolves. Returns whether that worked. */
  write(text: string): Promise<boolean>
  /** Removes the file, because there is nothing to write. */
  remove(): Promise<void>
}

/** More than a few token sets take. */
const RESERVED_BYTES = 64 * 1024

/**
 * Makes a file that only its owner can read, and reserves room for it on the disk. That happens
 * before a token is presented: afterwards it would be too late to fail.
 *
 * @throws {UsageError} If the file exists, or cannot be made.
 */
export async function newFile(path: string): Promise<SuccessorFile> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const { code } = error as { code?: string }
    throw new UsageError(`${path} ${code === 'EEXIST' ? 'is there already' : 'cannot be made'}`)
  })
  try {
    await file.writeFile(Buffer.alloc(RESERVED_BYTES, ' '))
    await file.sync()
  } catch {
    await file.close()
    await rm(path, { force: true })
    throw new UsageError(`there is no room for ${path}`)
  }
  return {
    async write(text) {
      try {
        const bytes = Buffer.from(text)
        await file.write(bytes, 0, bytes.length, 0)
        await file.truncate(bytes.length)
        await file.sync()
        return true
      } catch {
        return false
      } finally {
        await file.close()
      }
    },
    async remove() {
      await file.close()
      await rm(path, { force: true })
    },
  }
}

/** The folder of the recorded answers, beside the provider's file. */
function fixturesFolder(path: string): string {
  return path.replace(/\.ts$/, '.fixtures')
}

/** @throws {UsageError} If a file or folder of that name exists: none is overwritten. */
export async function checkFree(path: string): Promise<void> {
  for (const each of new Set([path, fixturesFolder(path)])) {
    const found = await stat(resolve(each)).catch(() => undefined)
    if (found !== undefined) throw new UsageError(`${each} is there already`)
  }
}

/** Writes a text, and the recorded answers beside it. Returns whether that worked. */
export async function writeAll(
  path: string,
  text: string,
  fixtures: ReadonlyMap<string, Fixture>,
): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    if (fixtures.size === 0) return true
    await mkdir(fixturesFolder(path))
    for (const [name, fixture] of fixtures) {
      const json = `${JSON.stringify(fixture, undefined, 2)}\n`
      await writeFile(join(fixturesFolder(path), name), json, { flag: 'wx' })
    }
    return true
  } catch {
    return false
  }
}

export interface ProviderFile {
  /** Where the file will be written. */
  readonly path: string
  readonly origin: ProbeTarget['origin']
  readonly provider: object
  readonly server: ServerDescription
  readonly found: readonly Measured[]
  readonly grants: number
  readonly presentations: number
  readonly today: string
}

/** Returns a file for `refresh-once fuzz`: the provider, and the server as it was measured. */
export function providerFile(file: ProviderFile): string {
  const { server, found, today, grants, presentations } = file
  const open = found.filter(({ value }) => value === undefined).map(({ axis }) => axis)
  const missing = open.length === 0 ? '' : ` Open, and drawn: ${open.join(', ')}.`
  const comments = new Map<string, string>(found.map(({ axis, says }) => [axis, says]))
  return [
    ...providerLines(file),
    '',
    '/**',
    ` * As \`refresh-once probe\` measured it on ${today}. Grants: ${grants}, presentations:`,
    ` * ${presentations}.${missing}`,
    ' */',
    `export const server: ServerDescription = ${literal(server, comments)}`,
    '',
  ].join('\n')
}

function providerLines({ origin, provider, path, today }: ProviderFile): readonly string[] {
  const type = "import type { ServerDescription } from 'refresh-once/testing'"
  if ('path' in origin) {
    const folder = relative(dirname(path), dirname(origin.path)) || '.'
    const from = `${folder.startsWith('.') ? folder : `./${folder}`}/${basename(origin.path)}`
    return [type, '', `export { provider } from ${quoted(from)}`]
  }
  return [
    "import { defineProvider } from 'refresh-once'",
    type,
    '',
    '/**',
    ` * What was measured on ${today}. The manual may say more: lifetimes, the revocation`,
    ' * endpoint, which errors come before the server looks at the token.',
    ' */',
    `export const provider = defineProvider(${literal(provider)})`,
  ]
}

/** Writes a value as TypeScript, with `comments` above the members of its first level. */
function literal(value: unknown, comments?: ReadonlyMap<string, string>, depth = 0): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (entries.length === 0) return `${open}${close}`
  const indent = '  '.repeat(depth + 1)
  const lines = entries.map(([name, member]) => {
    const comment = comments?.get(name)
    const above = comment === undefined ? '' : `${indent}// ${comment}\n`
    const key = Array.isArray(value)
      ? ''
      : `${/^[a-z_$][\w$]*$/i.test(name) ? name : quoted(name)}: `
    return `${above}${indent}${key}${literal(member, undefined, depth + 1)},`
  })
  return `${open}\n${lines.join('\n')}\n${'  '.repeat(depth)}${close}`
}

/** The text may come from a server: what JSON escapes stays escaped. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}
