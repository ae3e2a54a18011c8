import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep, systemClock } from '../../core/clock.ts'

// Windows has no O_NOFOLLOW, and `undefined` counts as 0: there, links need a right of their own.
const { O_RDONLY, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants

/** Asked at each call, so that a test can say so. */
export const isWindows = (): boolean => process.platform === 'win32'

/** What Windows says of a file that another program, such as a virus scanner, has open. */
const SHARING = ['EPERM', 'EACCES', 'EBUSY']
/** How often, and how long, such a program is waited for: three seconds in all. */
const SHARING_TRIES = 24
const SHARING_MS = 10

/** Waits, on Windows, for a program that has the file open. */
async function patiently<R>(work: () => Promise<R>): Promise<R> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isWindows() || turn > SHARING_TRIES || !isOneOf(error, ...SHARING)) throw error
      await sleep(systemClock, SHARING_MS * turn)
    }
  }
}

/** Writes a file that was not there, to the disk itself; or leaves none. */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await removed(path)
    throw error
  } finally {
    await file.close()
  }
}

/** @returns Nothing, if there is no such file. */
export function readWhole(path: string): Promise<Uint8Array | undefined> {
  return unlessGone(async () => {
    const file = await patiently(() => open(path, O_RDONLY | O_NOFOLLOW))
    try {
      return new Uint8Array(await file.readFile())
    } finally {
      await file.close()
    }
  })
}

/** Names in a folder; none, if there is no such folder. */
export async function namesIn(path: string): Promise<readonly string[]> {
  return (await unlessGone(() => readdir(path))) ?? []
}

/** Renames a file to a name that no file has, and says whether the file was there. */
export async function renamed(from: string, to: string): Promise<boolean> {
  return (await unlessGone(() => patiently(() => rename(from, to)).then(() => true))) ?? false
}

/**
 * Renames a folder with content, and says whether it did: not, if a folder with content is in its
 * place already. An empty one is replaced.
 */
export async function renamedFolder(from: string, to: string): Promise<boolean> {
  for (let turn = 1; ; turn += 1) {
    try {
      await rename(from, to)
      return true
    } catch (error) {
      if (isOneOf(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false
      if (!isWindows() || turn > SHARING_TRIES || !isOneOf(error, ...SHARING)) throw error
    }
    // Windows replaces no folder, not an empty one either, and says no more than that.
    if ((await namesIn(to)).length > 0) return false
    await removeIfEmpty(to)
    if (turn > 1) await sleep(systemClock, SHARING_MS * turn)
  }
}

/**
 * Writes the changes of a folder to the disk. A folder that is gone needs none; on Windows no
 * program can, and its file system writes them down in their order.
 */
export async function syncFolder(path: string): Promise<void> {
  if (isWindows()) return
  await unlessGone(async () => {
    const folder = await open(path, O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  })
}

/** Makes a folder with one empty file in it. */
export async function makeFolder(path: string, name: string): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  await writeNew(join(path, name), new Uint8Array())
  await syncFolder(path)
}

/** Takes a file away, and says whether it was there. */
export async function removed(path: string): Promise<boolean> {
  return (await unlessGone(() => patiently(() => unlink(path)).then(() => true))) ?? false
}

/** Takes a folder away if there is nothing in it, and no program has it open. */
export async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    const isBusy = isWindows() && isOneOf(error, ...SHARING)
    if (!isBusy && !isOneOf(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  })
}

export const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true })

async function unlessGone<R>(work: () => Promise<R>): Promise<R | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isOneOf(error, 'ENOENT')) return undefined
    throw error
  }
}

function isOneOf(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
