import {
  chmod,
  chown,
  mkdir,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Random } from '../../src/core/random.ts'
import { systemRandom } from '../../src/core/random.ts'
import { fileStore } from '../../src/stores/file.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { runTypeScript, runTypeScriptIn } from './child.ts'
import { freshPath } from './file/path.ts'

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Sweeps with each swap. */
const tidy: Random = { ...systemRandom, fraction: () => 0 }

storeContract(
  'fileStore',
  async () => {
    const directory = await temporaryDirectory('file')
    return {
      store: fileStore(join(directory, 'ledger')),
      twin: fileStore(join(directory, 'ledger')),
      close: () => rm(directory, { recursive: true, maxRetries: 10 }),
    }
  },
  { describe: describe.concurrent, it },
)

/** Every path below a folder, files and folders. */
const below = (path: string): Promise<string[]> => readdir(path, { recursive: true })

const refusal = (message: RegExp) => ({
  code: 'store_unavailable',
  store: 'file',
  message: expect.stringMatching(message),
})

describe('fileStore', () => {
  it('lets nobody else read, whatever the umask is', async () => {
    const path = await freshPath()

    await fileStore(path).swap('a', 0, value, HOUR_MS)

    const paths = [path, ...(await below(path)).map((each) => join(path, each))]
    for (const each of paths) {
      const stats = await stat(each)
      const mode = stats.isDirectory() ? 0o700 : 0o600
      expect([each, stats.mode & 0o777]).toEqual([each, mode])
    }
    expect(paths.length).toBeGreaterThan(6)
  })

  it('refuses a folder that others may enter, until they may not', async () => {
    const path = await freshPath()
    await mkdir(path)
    await chmod(path, 0o755)
    const store = fileStore(path)

    await expect(store.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject(refusal(/chmod 700/))
    await chmod(path, 0o700)

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('refuses a symbolic link, and one in its folder', async () => {
    const path = await freshPath()
    const elsewhere = await freshPath()
    await mkdir(elsewhere, { mode: 0o700 })
    await symlink(elsewhere, path)
    const outer = fileStore(path).swap('a', 0, value, HOUR_MS)
    await expect(outer).rejects.toMatchObject(refusal(/symbolic link/))
    await rm(path)
    await mkdir(path, { mode: 0o700 })
    await symlink(elsewhere, join(path, 'values'))

    const inner = fileStore(path).swap('a', 0, value, HOUR_MS)

    await expect(inner).rejects.toMatchObject(refusal(/symbolic link/))
    expect(await readdir(elsewhere)).toEqual([])
  })

  it('refuses a value that is a symbolic link', async () => {
    const path = await freshPath()
    const store = fileStore(path)
    await store.swap('a', 0, value, HOUR_MS)
    const [name] = await readdir(join(path, 'values'))
    await rm(join(path, 'values', name!))
    await symlink('/etc/passwd', join(path, 'values', name!))

    await expect(store.read('a')).rejects.toMatchObject(refusal(/symbolic link/))
  })

  it('refuses a folder of another user', async () => {
    // Only root can give a folder away; everybody else finds one of root's.
    const isRoot = process.getuid!() === 0
    const path = isRoot ? await freshPath() : '/usr'
    if (isRoot) {
      await mkdir(path, { mode: 0o700 })
      await chown(path, 65_534, 65_534)
    }

    const refused = isRoot ? /another user/ : /another user|may not be written/
    await expect(fileStore(path).read('a')).rejects.toMatchObject(refusal(refused))
  })

  it.each([
    ['that others may write to', 0o777, /Others may write to .* chmod go-w/],
    ['of which the group is another one', 0o770, /Others may write to/],
  ])('refuses a folder in a folder %s', async (_, mode, hint) => {
    const parent = await freshPath()
    await mkdir(join(parent, 'between'), { recursive: true })
    // As root: a group that is not its own. Another user has no second group for sure.
    if (process.getuid!() === 0) await chown(parent, 0, 65_534)
    else if (mode === 0o770) return
    await chmod(parent, mode)

    const refused = fileStore(join(parent, 'between/rows')).read('a')

    await expect(refused).rejects.toMatchObject(refusal(hint))
    await chmod(parent, 0o1777)
    expect(await fileStore(join(parent, 'between/rows')).read('a')).toMatchObject({ version: 0 })
  })

  it('refuses a folder that a link leads to from a folder of another user', async () => {
    if (process.getuid!() !== 0) return
    const [theirs, own] = [await freshPath(), await freshPath()]
    await mkdir(join(own, 'rows'), { recursive: true, mode: 0o700 })
    await mkdir(theirs)
    await symlink(own, join(theirs, 'link'))
    await chown(theirs, 65_534, 65_534)

    const refused = fileStore(join(theirs, 'link/rows')).read('a')

    await expect(refused).rejects.toMatchObject(refusal(/belongs to another user/))
  })

  it.skipIf(process.platform !== 'linux').each(['/proc/refresh-once', '/proc/self/a/b'])(
    'says at once that no folder can be made: %s',
    async (path) => {
      await expect(fileStore(path).read('a')).rejects.toMatchObject(refusal(/cannot be made/))
    },
  )

  it('makes all folders of a path that is not there, for this user alone', async () => {
    const path = await freshPath()

    await fileStore(join(path, 'a/b')).swap('a', 0, value, HOUR_MS)

    for (const each of [path, join(path, 'a')]) {
      expect((await stat(each)).mode & 0o777).toBe(0o700)
    }
  })

  it('refuses a file where its folder should be', async () => {
    const path = await freshPath()
    await writeFile(path, '')

    await expect(fileStore(path).read('a')).rejects.toMatchObject(refusal(/is a file/))
  })

  it.each(['', '../a', 'a/b', 'a.b', '\0'])('takes no key like %j', async (key) => {
    const store = fileStore(await freshPath())

    await expect(store.swap(key, 0, value, HOUR_MS)).rejects.toThrow(TypeError)
  })

  it('leaves three names a row, however often it is swapped', async () => {
    const path = await freshPath()
    const store = fileStore(path)

    for (let expected = 0; expected < 5; expected += 1) {
      await store.swap('a', expected, value, HOUR_MS)
    }

    expect(await below(path)).toHaveLength(3 + 3)
  })

  it('takes rows away whose time is over', async () => {
    const path = await freshPath()
    const clock = manualClock()
    const store = fileStore(path, { clock })
    for (const key of ['a', 'b']) await store.swap(key, 0, value, 1_000)
    await store.swap('long', 0, value, HOUR_MS)
    clock.advance(1_000)

    await fileStore(path, { clock, random: tidy }).swap('next', 0, value, HOUR_MS)

    expect(new Set(await readdir(join(path, 'rows')))).toEqual(new Set(['long', 'next']))
    expect(await readdir(join(path, 'values'))).toHaveLength(2)
  })

  it('says that the disk is full when a file may not grow', async () => {
    const path = await freshPath()
    const script = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`
    const { stdout, stderr } = await runTypeScriptIn(script, ['test/stores/file/full.ts', path])

    expect([stdout.trim(), stderr]).toEqual(['store_full file', ''])
    expect(await readdir(join(path, 'values'))).toEqual([])
  })
})

describe('a SIGKILL in the middle of a swap', () => {
  /** More than a swap touches the file system. */
  const CALLS_MAX = 40

  it.each([0, 1])('of version %d leaves a row that can be read and swapped', async (expected) => {
    const ends = new Set<number>()

    for (let n = 1; ; n += 1) {
      const path = await freshPath()
      if (expected > 0) await fileStore(path).swap('row', 0, Uint8Array.of(1), HOUR_MS)
      const args = [path, String(expected), String(n)]
      const { stdout, signal } = await runTypeScript('test/stores/file/swap.ts', args)
      if (stdout.trim() === 'swapped') break
      expect(signal).toBe('SIGKILL')

      const store = fileStore(path, { random: tidy })
      const { version, value: found } = await store.read('row')
      ends.add(version)
      expect(found?.[0] ?? 0).toBe(version === 0 ? 0 : expected > 0 ? version : 2)
      const swapped = await store.swap('row', version, Uint8Array.of(3), HOUR_MS)
      expect(swapped).toMatchObject({ swapped: true, version: version + 1 })
      await expectTidy(path)
      expect(n).toBeLessThan(CALLS_MAX)
    }

    expect(ends).toEqual(new Set([expected, expected + 1]))
  })

  /** A day later the next sweep leaves what the one row needs, and nothing else. */
  async function expectTidy(path: string): Promise<void> {
    const old = new Date(systemClock.now() - 2 * DAY_MS)
    for (const each of ['values', 'making']) {
      for (const name of await readdir(join(path, each)))
        await utimes(join(path, each, name), old, old)
    }
    await fileStore(path, { random: tidy }).swap('other', 0, value, HOUR_MS)
    expect(await readdir(join(path, 'making'))).toEqual([])
    expect(await readdir(join(path, 'values'))).toHaveLength(2)
  }
})
