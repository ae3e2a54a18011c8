import { homedir } from 'node:os'
import { createHash } from 'node:crypto'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import {
  checkOptions,
  clock as aClock,
  having,
  kind,
  ms,
  random as aRandom,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { checkTokenSet, grantOf } from '../core/check-token-set.ts'
import { sleep, systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { isRefreshError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { TokenStorage } from '../index.ts'
import type { Store } from '../ledger/store.ts'
import { fileStore } from '../stores/file.ts'
import { fieldsAt, objectAt, parseObject, put, writeObject } from './codec.ts'
import type { CredentialsCodec, FieldsOptions, JsonObject } from './codec.ts'
import { credentialDisk, fileError } from './disk.ts'
import type { FileRead } from './disk.ts'
import { keychain as keychainOf } from './keychain.ts'
import type { KeychainEntry } from './keychain.ts'
import { credentialSource } from './source.ts'
import type { CredentialSource, SourceOptions } from './source.ts'

export { fieldsAt }
export type { CredentialsCodec, CredentialSource, FieldsOptions, JsonObject, KeychainEntry }
export type { SourceOptions }

export interface CredentialsFileOptions {
  /**
   * Names the application, as a folder: the file lies in it at the place that this system has for
   * the state of a user's programs. Or give `path`.
   */
  readonly app?: string
  /** A file of your own choice, such as one that another program writes, too. */
  readonly path?: string
  /** How the file holds token sets. Default: our own shape, a set under each key. */
  readonly codec?: CredentialsCodec
  /** Holds the rows of the ledger. Default: `fileStore` in a folder beside the file. */
  readonly store?: Store
  /**
   * `AsyncEntry` of `@napi-rs/keyring`: the tokens are in the keychain of the system, and the file
   * holds none. Only with our own shape.
   */
  readonly keychain?: KeychainEntry
  /** How long to wait for another process that writes the file, milliseconds. Default 10,000. */
  readonly lockMs?: number
  readonly clock?: Clock
  readonly random?: Random
}

/** Token sets in one JSON file of one user. Made by {@link credentialsFile}. */
export interface CredentialsFile extends TokenStorage<string, TokenSet> {
  readonly path: string
  readonly store: Store
  /** Reads the set under a key, from the disk each time. */
  load(key: string): Promise<TokenSet | undefined>
  /**
   * Writes a set that came from a refresh of `previous`. If the file holds a later one by now, or
   * one of another sign-in, or none, it stays as it is.
   */
  save(key: string, next: TokenSet, previous: TokenSet): Promise<void>
  /** Writes the set of a sign-in. It takes the place of what was there. */
  put(key: string, tokens: TokenSet): Promise<void>
  /** Takes a set out, because the user signed out. */
  remove(key: string): Promise<void>
  /** Reads what lies in our own shape beside the tokens, such as a registered client. */
  details(key: string): Promise<JsonObject>
  /** Writes it, all at once, from what is there now. */
  putDetails(key: string, next: (now: JsonObject) => JsonObject): Promise<void>
  /** Keeps the sets of this file fresh. It loads before each use. */
  source(options: SourceOptions): CredentialSource
}

const OPTIONS: TableOf<CredentialsFileOptions> = {
  app: text("the name of a folder: 'my-cli'", (name) => /^[\w][\w .@+-]{0,99}$/.test(name)),
  path: text(
    'the path of a file',
    (path) => !path.startsWith('~') || 'begins with ~: use homedir()',
  ),
  codec: having("fieldsAt(['myOauth'])", 'read', 'write'),
  store: having('a store, such as sqliteStore()', 'read', 'swap', 'changed'),
  keychain: kind('AsyncEntry of @napi-rs/keyring', (value) => typeof value === 'function'),
  lockMs: ms,
  clock: aClock,
  random: aRandom,
  name: 'app',
  file: 'path',
  folder: 'app, or path',
  shape: 'codec',
}

const LOCK_MS = 10_000

/** A program that does not write by renaming leaves half a file for a moment. */
const HALF_TURNS = 10
const HALF_MS = 50

/** A keychain is read again where its entry is being replaced. */
const ENTRY_TURNS = 20

/** Our own shape. */
const OWN_PLACE = (key: string): readonly string[] => ['grants', key]

/**
 * Opens the credential file of one user. Nothing is read or written before its first use, and the
 * file is made with the first sign-in, for this user alone (mode 0600).
 *
 * It is re-read before each use, and under the claim before a refresh token is sent. Nothing in it
 * is ever deleted or emptied because a refresh failed. Other programs may write it, too.
 *
 * @throws {TypeError} For options that cannot work, saying what to write instead.
 */
export function credentialsFile(options: CredentialsFileOptions): CredentialsFile {
  checkOptions('credentialsFile', options, OPTIONS)
  const { app, codec, keychain, clock = systemClock, random = systemRandom } = options
  if ((app === undefined) === (options.path === undefined)) {
    throw new TypeError("credentialsFile: write one of app: 'my-cli' and path: '/…/tokens.json'")
  }
  if (codec !== undefined && keychain !== undefined) {
    throw new TypeError(
      'credentialsFile: with a codec the tokens are in the file: leave keychain out',
    )
  }
  const path = resolve(options.path ?? join(userFolder(), app!, 'credentials.json'))
  const { store = fileStore(join(dirname(path), 'ledger'), { clock, random }), lockMs = LOCK_MS } =
    options
  const disk = credentialDisk(path, { lockMs, clock, random })
  const shape = codec ?? fieldsAt(OWN_PLACE)
  const entries =
    keychain && keychainOf(keychain, app ?? 'refresh-once', digestOf(path).slice(0, 16), random)

  async function content(): Promise<JsonObject | undefined> {
    for (let turn = 0; ; turn += 1) {
      const found = await disk.read()
      const object = found && parseObject(found.text)
      if (found === undefined || object !== undefined) return object
      if (turn === HALF_TURNS) throw malformed(path)
      await sleep(clock, HALF_MS)
    }
  }

  async function change(next: (now: JsonObject) => Promise<JsonObject | undefined>): Promise<void> {
    await disk.change(async (found: FileRead | undefined) => {
      let object = found && parseObject(found.text)
      // Half of what another program is writing: the end of its writing is waited for.
      if (found !== undefined && object === undefined) object = await content()
      const after = await next(object ?? {})
      return after && writeObject(after, found?.text)
    })
  }

  async function setIn(now: JsonObject, key: string): Promise<TokenSet | undefined> {
    const fields = objectAt(now, OWN_PLACE(key))
    if (entries === undefined || fields?.['keychain'] === undefined) return shape.read(now, key)
    return entries.read(key, fields)
  }

  async function load(key: string): Promise<TokenSet | undefined> {
    for (let turn = 0; ; turn += 1) {
      const now = await content()
      if (now === undefined) return undefined
      const tokens = await read(() => setIn(now, key))
      if (tokens !== undefined) return tokens
      if (objectAt(now, OWN_PLACE(key))?.['keychain'] === undefined || codec) return undefined
      if (entries === undefined) {
        throw fileError('file_unavailable', path, 'Its tokens are in the keychain: give keychain.')
      }
      if (turn === ENTRY_TURNS) {
        throw fileError('file_unavailable', path, 'The keychain has no entry of it: sign in again.')
      }
      await sleep(clock, HALF_MS)
    }
  }

  /** What a codec or a keychain throws must not show what the file holds. */
  async function read<R>(work: () => R | Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (error) {
      if (isRefreshError(error)) throw error
      const what = entries === undefined ? 'The codec cannot read it.' : 'The keychain refused.'
      throw fileError('file_unavailable', path, what)
    }
  }

  /** Writes a set, or takes it out, if it `isWanted` in the place of what is there. */
  async function write(
    key: string,
    tokens: TokenSet | undefined,
    isWanted: (now: TokenSet | undefined) => boolean,
  ): Promise<void> {
    await change(async (now) => {
      if (!isWanted(await read(() => setIn(now, key)))) return undefined
      if (entries === undefined) return read(() => shape.write(now, key, tokens))
      const fields = objectAt(now, OWN_PLACE(key))
      if (tokens === undefined) {
        if (fields !== undefined) await read(() => entries.forget(key, fields))
        return shape.write(put(now, [...OWN_PLACE(key), 'keychain'], undefined), key, undefined)
      }
      const clean = shape.write(now, key, undefined)
      const pointer = await read(() => entries.write(key, tokens, fields))
      const place = OWN_PLACE(key)
      return put(clean, place, { ...objectAt(clean, place), ...pointer })
    })
  }

  const file: CredentialsFile = {
    path,
    store,
    load,
    async save(key, next, previous) {
      checkTokenSet(next)
      await write(key, next, (now) => isLater(next, now, previous))
    },
    async put(key, tokens) {
      checkTokenSet(tokens)
      await write(key, tokens, () => true)
    },
    remove: (key) => write(key, undefined, (now) => now !== undefined),
    async details(key) {
      return objectAt((await content()) ?? {}, ['details', key]) ?? {}
    },
    putDetails: (key, next) =>
      change(async (now) =>
        put(now, ['details', key], next(objectAt(now, ['details', key]) ?? {})),
      ),
    source: (sourceOptions) => credentialSource(file, sourceOptions),
  }
  return file
}

/** Whether two sets hold the same tokens to refresh with. */
export function isSameSet(one: TokenSet | undefined, other: TokenSet | undefined): boolean {
  if (one?.refreshToken != null || other?.refreshToken != null) {
    return one?.refreshToken === other?.refreshToken
  }
  return one?.accessToken === other?.accessToken
}

/** Whether a set that came from `previous` belongs in the place of what is there now. */
function isLater(next: TokenSet, now: TokenSet | undefined, previous: TokenSet): boolean {
  // The user signed out meanwhile.
  if (now === undefined) return false
  if (isSameSet(now, next)) return (next.expiresAtMs ?? 0) >= (now.expiresAtMs ?? 0)
  if (isSameSet(now, previous)) return true
  const [ours, theirs] = [grantOf(next), grantOf(now)]
  if (ours === undefined || theirs === undefined || !ours.secret.equals(theirs.secret)) return false
  return ours.generation > theirs.generation
}

/**
 * The folder of this user for what programs keep between two runs. Not the one for configuration:
 * people share that by Git. Not a roaming one: copies of a refresh token harm each other.
 */
function userFolder(): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = process.env
  switch (process.platform) {
    case 'win32':
      return LOCALAPPDATA || join(homedir(), 'AppData', 'Local')
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support')
    default:
      // XDG Base Directory: a path that is not absolute is ignored.
      return XDG_STATE_HOME && isAbsolute(XDG_STATE_HOME)
        ? XDG_STATE_HOME
        : join(homedir(), '.local', 'state')
  }
}

const malformed = (path: string) =>
  fileError(
    'file_malformed',
    path,
    'It holds no JSON object: mend it, or move it away and sign in.',
  )

const digestOf = (path: string): string => createHash('sha256').update(path).digest('hex')
