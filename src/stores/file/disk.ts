import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const { O_RDONLY, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants

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
    const file = await open(path, O_RDONLY | O_NOFOLLOW)
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

/** Renames, and says whether it did: not, if the source is gone or the target is in use. */
export async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isOneOf(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false
    throw error
  }
}

/** Writes the changes of a folder to the disk. A folder that is gone needs none. */
export async function syncFolder(path: string): Promise<void> {
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
  return (await unlessGone(() => unlink(path).then(() => true))) ?? false
}

/** Takes a folder away if there is nothing in it. */
export async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    if (!isOneOf(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
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
