import { randomUUID } from 'node:crypto'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { AsyncEntry } from '@napi-rs/keyring'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { credentialsFile, fieldsAt } from '../../src/credentials/credentials-file.ts'
import type {
  CredentialsFileOptions,
  KeychainEntry,
} from '../../src/credentials/credentials-file.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { defineProvider } from '../../src/index.ts'
import type { TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { handClock } from '../runtime/clock.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { loopback, say } from '../transport/loopback.ts'

const AT_MS = 2_000_000_000_000
const setOf = (n: number): TokenSet => ({
  accessToken: `at-${n}`,
  refreshToken: `rt-${n}`,
  expiresAtMs: AT_MS + n,
})

async function freshFolder(): Promise<string> {
  const directory = await temporaryDirectory('credentials')
  onTestFinished(() => rm(directory, { recursive: true, maxRetries: 10 }))
  return directory
}

const freshPath = async (): Promise<string> => join(await freshFolder(), 'credentials.json')

const open = (path: string, options: Partial<CredentialsFileOptions> = {}) =>
  credentialsFile({ path, store: memoryStore(), lockMs: 50, ...options })

describe('credentialsFile', () => {
  it('lies where the system wants it, by XDG, and is for this user alone', async () => {
    const folder = await freshFolder()
    vi.stubEnv('XDG_STATE_HOME', folder)
    const file = credentialsFile({ app: 'my-cli' })

    await file.put('default', setOf(1))

    expect(file.path).toBe(join(folder, 'my-cli', 'credentials.json'))
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'my-cli'))).mode & 0o777).toBe(0o700)
    expect(await file.load('default')).toEqual(setOf(1))
    vi.stubEnv('XDG_STATE_HOME', 'relative')
    expect(credentialsFile({ app: 'my-cli' }).path).toBe(
      join(homedir(), '.local/state/my-cli/credentials.json'),
    )
  })

  it.each([
    ['win32', { LOCALAPPDATA: '/C/Users/me/AppData/Local' }, '/C/Users/me/AppData/Local'],
    ['darwin', {}, join(homedir(), 'Library/Application Support')],
  ])('lies where %s wants it', (platform, env, folder) => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform as NodeJS.Platform)
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)

    const file = credentialsFile({ app: 'my-cli', store: memoryStore() })

    expect(file.path).toBe(join(folder, 'my-cli', 'credentials.json'))
  })

  it.each([
    [{}, 'write one of app'],
    [{ app: 'a', path: '/b' }, 'write one of app'],
    [{ app: '../a' }, 'the name of a folder'],
    [{ app: 'a/b' }, 'the name of a folder'],
    [{ path: '~/a.json' }, 'homedir()'],
    [{ path: '/a', keychain: AsyncEntry, codec: fieldsAt([]) }, 'leave keychain out'],
    [{ path: '/a', keychain: {} }, 'AsyncEntry'],
    [{ file: '/a' }, 'write path'],
    [{ path: '/a', codec: {} }, 'fieldsAt'],
  ])('refuses %o', (options, message) => {
    const make = (): unknown => credentialsFile(options as CredentialsFileOptions)

    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})

describe('save', () => {
  it('leaves a later set, one of another sign-in, and a sign-out as they are', async () => {
    const file = open(await freshPath())
    const name = 'A'.repeat(43)
    const at = (n: number): TokenSet => ({ ...setOf(n), grant: `${name}.${n}` })
    await file.put('default', at(3))

    await file.save('default', at(2), at(1))
    expect(await file.load('default')).toEqual(at(3))
    await file.save('default', at(4), at(1))
    expect(await file.load('default')).toEqual(at(4))
    await file.put('default', setOf(9))
    await file.save('default', at(5), at(4))
    expect(await file.load('default')).toEqual(setOf(9))
    await file.remove('default')
    await file.save('default', setOf(10), setOf(9))
    expect(await file.load('default')).toBeUndefined()
  })

  it('loses no key when many write at once', async () => {
    const path = await freshPath()
    const files = Array.from({ length: 8 }, () => open(path, { lockMs: 30_000 }))

    await Promise.all(files.map((file, n) => file.put(`key-${n}`, setOf(n))))

    for (const [n, file] of files.entries()) expect(await file.load(`key-${n}`)).toEqual(setOf(n))
    expect(await readdir(join(path, '..'))).toEqual(['credentials.json'])
  })

  it('takes keys for names, whatever they are', async () => {
    const file = open(await freshPath())

    for (const key of ['__proto__', 'constructor', 'a.b', '']) await file.put(key, setOf(1))

    for (const key of ['__proto__', 'constructor', 'a.b', '']) {
      expect(await file.load(key)).toEqual(setOf(1))
    }
    expect(await file.load('toString')).toBeUndefined()
  })
})

describe('a file that cannot be used', () => {
  const writable = async (text = '{}', mode = 0o600): Promise<string> => {
    const path = await freshPath()
    await writeFile(path, text, { mode })
    await chmod(path, mode)
    return path
  }

  /** All that reads or writes refuses it, with the path and what to do, and leaves it. */
  async function refused(path: string, code: string, message: RegExp): Promise<unknown> {
    const before = await lstat(path)
    const file = open(path, { clock: hurried })
    for (const work of [
      () => file.load('default'),
      () => file.put('default', setOf(1)),
      () => file.remove('default'),
    ]) {
      const error: unknown = await work().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code, path, message: expect.stringMatching(message) })
      expect(String(error)).toContain(path)
    }
    const after = await lstat(path)
    const versionOf = ({ ino, mtimeMs, size, mode }: Stats) => [ino, mtimeMs, size, mode]
    expect(versionOf(after)).toEqual(versionOf(before))
    return true
  }

  it.each(['', 'not json', '{"a":', '[]', 'null', '"text"'])('holds %o', async (text) => {
    const path = await writable(text)

    expect(await refused(path, 'file_malformed', /mend it, or move it away/)).toBe(true)

    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it.each([0o644, 0o640, 0o604, 0o660])('has mode %o', async (mode) => {
    expect(await refused(await writable('{}', mode), 'file_insecure', /chmod 600/)).toBe(true)
  })

  it('is a symbolic link, or a folder', async () => {
    const target = await writable()
    const link = `${target}.link`
    await symlink(target, link)
    const folder = `${target}.folder`
    await mkdir(folder)

    expect(await refused(link, 'file_insecure', /the path that it leads to/)).toBe(true)
    expect(await refused(folder, 'file_insecure', /no file/)).toBe(true)
  })

  it.runIf(process.getuid!() === 0)('belongs to another user', async () => {
    const path = await writable()
    await chown(path, 1234, 1234)

    expect(await refused(path, 'file_insecure', /chown/)).toBe(true)
  })

  it('lies in a folder that others may write to', async () => {
    const folder = await freshFolder()
    await chmod(folder, 0o777)

    const putting = open(join(folder, 'a.json')).put('default', setOf(1))

    await expect(putting).rejects.toMatchObject({ code: 'file_insecure' })
    expect(await readdir(folder)).toEqual([])
  })

  it('is locked by a living process, which is named', async () => {
    const path = await writable()
    const lock = `${path}.refresh-once.lock`
    await writeFile(lock, JSON.stringify({ pid: process.ppid, host: hostname(), id: 'x' }))

    const putting = open(path).put('default', setOf(1))

    await expect(putting).rejects.toMatchObject({
      code: 'file_locked',
      path,
      message: expect.stringContaining(`process ${process.ppid}`),
    })
    expect(await readFile(path, 'utf8')).toBe('{}')
    expect(await open(path).load('default')).toBeUndefined()
  })

  it.each([
    ['a process that has ended', { pid: 2 ** 22 + 1, host: hostname(), id: 'x' }],
    ['an earlier process with the id of this one', { pid: process.pid, host: hostname(), id: 'x' }],
  ])('is not locked for long by %s', async (_, owner) => {
    const path = await writable()
    await writeFile(`${path}.refresh-once.lock`, JSON.stringify(owner))

    await open(path).put('default', setOf(1))

    expect(await open(path).load('default')).toEqual(setOf(1))
    expect(await readdir(join(path, '..'))).toEqual(['credentials.json'])
  })

  it('holds half of what another program writes: its end is waited for', async () => {
    const path = await writable('{"grants":{"default"')
    let sleeps = 0
    const clock = {
      ...systemClock,
      setTimeout(callback: () => void) {
        sleeps += 1
        if (sleeps < 3) return systemClock.setTimeout(callback, 0)
        const text = JSON.stringify({ grants: { default: setOf(2) } })
        void writeFile(path, text).then(callback)
        return undefined
      },
    }

    expect(await open(path, { clock }).load('default')).toEqual(setOf(2))
    expect(sleeps).toBe(3)
  })
})

describe('fieldsAt', () => {
  it('reads and writes camelCase names, and keeps what is not ours', async () => {
    const path = await freshPath()
    const content = {
      agentOauth: {
        accessToken: 'at-0',
        refreshToken: 'rt-0',
        expiresAt: AT_MS,
        scopes: ['user:inference'],
        subscriptionType: 'max',
      },
      mcpOAuth: { 'a|1': { serverUrl: 'https://a.example' } },
    }
    await writeFile(path, JSON.stringify(content), { mode: 0o600 })
    const file = open(path, { codec: fieldsAt(['agentOauth'], { isClosed: true }) })

    const before = await file.load('default')
    await file.save('default', { ...setOf(1), grant: `${'A'.repeat(43)}.1` }, before!)

    expect(before).toMatchObject({ accessToken: 'at-0', refreshToken: 'rt-0', expiresAtMs: AT_MS })
    const next = { ...content.agentOauth, accessToken: 'at-1', refreshToken: 'rt-1' }
    expect(await readFile(path, 'utf8')).toBe(
      JSON.stringify({ ...content, agentOauth: { ...next, expiresAt: AT_MS + 1 } }),
    )
    await file.remove('default')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      agentOauth: { scopes: ['user:inference'], subscriptionType: 'max' },
      mcpOAuth: content.mcpOAuth,
    })
  })

  it('reads and writes snake_case names, and the time of the refresh beside them', async () => {
    const path = await freshPath()
    const text = `{
    "API_KEY": null,
    "tokens": {
        "id_token": "id-0",
        "access_token": "at-0",
        "refresh_token": "rt-0",
        "account_id": "12345678901234567890"
    },
    "last_refresh": "2026-01-01T00:00:00Z",
    "installation": 12345678901234567890
}
`
    await writeFile(path, text, { mode: 0o600 })
    const shape = fieldsAt(['tokens'], { isClosed: true })
    const file = open(path, {
      codec: {
        read: shape.read,
        write: (content, key, tokens) => ({
          ...shape.write(content, key, tokens),
          last_refresh: '2026-12-01T00:00:00Z',
        }),
      },
    })

    const before = await file.load('default')
    await file.save('default', { ...setOf(1), idToken: 'id-1' }, before!)

    expect(before).toMatchObject({ accessToken: 'at-0', refreshToken: 'rt-0', idToken: 'id-0' })
    expect(await readFile(path, 'utf8')).toBe(
      text
        .replaceAll(/"(at|rt|id)-0"/g, '"$1-1"')
        .replace('2026-01-01T00:00:00Z', '2026-12-01T00:00:00Z'),
    )
  })

  it('knows names that nobody could guess, under a key', async () => {
    const path = await freshPath()
    const others = { type: 'api', key: 'k' }
    const entry = { type: 'oauth', refresh: 'rt-0', access: 'at-0', expires: AT_MS }
    await writeFile(path, JSON.stringify({ acme: entry, others }), { mode: 0o600 })
    const names = { accessToken: 'access', refreshToken: 'refresh', expiresAtMs: 'expires' }
    const file = open(path, { codec: fieldsAt((key) => [key], { names, isClosed: true }) })

    const before = await file.load('acme')
    await file.save('acme', setOf(1), before!)
    await file.put('new', setOf(2))

    expect(before).toEqual(setOf(0))
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      acme: { type: 'oauth', refresh: 'rt-1', access: 'at-1', expires: AT_MS + 1 },
      others,
      new: { access: 'at-2', refresh: 'rt-2', expires: AT_MS + 2 },
    })
    expect(await file.load('others')).toBeUndefined()
  })
})

/** A clock that does not wait. */
const hurried: Clock = {
  ...systemClock,
  setTimeout: (callback, _, options) => systemClock.setTimeout(callback, 0, options),
}

/** A keychain in memory, with the methods of the real one. */
function fakeKeychain() {
  const entries = new Map<string, string>()
  let trouble: Error | undefined
  const guard = (): void => {
    if (trouble) throw trouble
  }
  class Entry {
    readonly name: string
    constructor(service: string, username: string) {
      this.name = `${service}/${username}`
    }
    async getPassword(): Promise<string | null> {
      guard()
      return entries.get(this.name) ?? null
    }
    async setPassword(password: string): Promise<void> {
      guard()
      entries.set(this.name, password)
    }
    async deletePassword(): Promise<boolean> {
      guard()
      return entries.delete(this.name)
    }
  }
  return { Entry, entries, fail: (error: Error | undefined) => (trouble = error) }
}

/** Whether the keychain of this host can be used: in a container it often cannot. */
async function canUse(Entry: KeychainEntry): Promise<boolean> {
  try {
    const entry = new Entry('refresh-once-test', randomUUID())
    await entry.setPassword('x')
    const isThere = (await entry.getPassword()) === 'x'
    await entry.deletePassword()
    return isThere
  } catch {
    return false
  }
}

const kinds: [string, KeychainEntry][] = [['a fake one', fakeKeychain().Entry]]
if (await canUse(AsyncEntry)) kinds.push(['that of this host', AsyncEntry])

describe('the keychain', () => {
  it.each(kinds)('holds the tokens, and the file none: %s', async (_, keychain) => {
    const path = await freshPath()
    const file = open(path, { keychain, lockMs: 5_000 })

    await file.put('default', setOf(1))
    await file.save('default', setOf(2), setOf(1))
    await file.put('other', setOf(7))

    expect(await open(path, { keychain }).load('default')).toEqual(setOf(2))
    expect(await file.load('other')).toEqual(setOf(7))
    const text = await readFile(path, 'utf8')
    expect(text).not.toMatch(/(?:at|rt)-\d/)
    await expect(open(path).load('default')).rejects.toMatchObject({ code: 'file_unavailable' })
    await file.remove('default')
    await file.remove('other')
    expect(await file.load('default')).toBeUndefined()
  })

  it('that refuses leaves the file as it is, and its words are not told', async () => {
    const { Entry, fail } = fakeKeychain()
    const path = await freshPath()
    const file = open(path, { keychain: Entry })
    await file.put('default', setOf(1))
    const before = await readFile(path, 'utf8')
    fail(new Error('locked: at-1'))

    const saving = file.save('default', setOf(2), setOf(1))

    await expect(saving).rejects.toMatchObject({ code: 'file_unavailable', path })
    await expect(saving).rejects.not.toThrow(/at-1/)
    expect(await readFile(path, 'utf8')).toBe(before)
    fail(undefined)
    expect(await file.load('default')).toEqual(setOf(1))
  })

  it('keeps the old set until the file names the new one', async () => {
    const { Entry, entries } = fakeKeychain()
    const path = await freshPath()
    const file = open(path, { keychain: Entry })
    await file.put('default', setOf(1))
    const before = await readFile(path, 'utf8')
    await file.save('default', setOf(2), setOf(1))

    // As if the process had been killed before its rename.
    await writeFile(path, before)

    expect(await file.load('default')).toEqual(setOf(1))
    expect(entries.size).toBe(2)
  })
})

describe('a source', () => {
  it.each([
    ['asks a path that was silent before it sends a token', {}, ['HEAD', 'POST']],
    ['sends nothing but refreshes through a fetch of the user', { fetch }, ['POST']],
  ])('%s', async (_, options, methods) => {
    const answer = { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 60 }
    const { origin, seen } = await loopback((_request, response) => say(response, 200, answer))
    const clock = handClock()
    const file = open(await freshPath(), { store: memoryStore({ name: randomUUID() }) })
    await file.put('default', { ...setOf(1), expiresAtMs: clock.now() })
    const source = file.source({
      provider: defineProvider({
        id: 'as',
        tokenEndpoint: `${origin}/token`,
        revocationEndpoint: null,
      }),
      client: { id: 'cli' },
      clock,
      ...options,
    })
    clock.advance(301_000)

    const token = await source.accessToken()

    expect(token).toBe('at-2')
    expect(seen.map(({ method }) => method)).toEqual(methods)
  })
})
