import type { Stats } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { RefreshError } from '../../core/errors.ts'

/** What the store keeps in its folder. */
export interface Folder {
  /** A folder a row, which holds one empty file, whose name says it all: row-name.ts. */
  readonly rows: string
  /** A file a value. */
  readonly values: string
  /** Rows that are being made. */
  readonly making: string
}

/**
 * Makes the folder, or makes sure that nobody else can have put anything into it.
 *
 * @throws {RefreshError} `store_unavailable`, for a symbolic link, or a folder of another owner, or
 *   one that others may read or write.
 */
export async function openFolder(path: string): Promise<Folder> {
  const folder = {
    rows: join(path, 'rows'),
    values: join(path, 'values'),
    making: join(path, 'making'),
  }
  for (const each of [path, folder.rows, folder.values, folder.making]) {
    await mkdir(each, { recursive: each === path, mode: 0o700 }).catch(ignoreExisting)
    refuseForeign(await lstat(each))
  }
  return folder
}

function refuseForeign(stats: Stats): void {
  const refuse = (hint: string): never => {
    throw new RefreshError('store_unavailable', { store: 'file', hint })
  }
  if (stats.isSymbolicLink()) refuse('Its folder is a symbolic link: write where it leads to.')
  if (!stats.isDirectory()) refuse('Its folder is a file.')
  if (stats.uid !== process.getuid!()) refuse('Its folder belongs to another user.')
  if ((stats.mode & 0o077) !== 0) refuse('Others may enter its folder: chmod 700.')
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
