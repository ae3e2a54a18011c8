import type { Stats } from 'node:fs'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { RefreshError } from '../../core/errors.ts'
import { toBase64url } from '../../core/text.ts'
import type { Random } from '../../core/random.ts'
import { namesIn, removeAll, removed, removeIfEmpty } from './disk.ts'

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
 * Makes the folder, or makes sure that no other user can have put anything into it.
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

/** What the name of a row's one file says. */
export interface RowName {
  readonly version: number
  readonly writtenAtMs: number
  readonly expiresAtMs: number
  /** Names the value, and was never used before. */
  readonly value: string
}

const NAME = /^(\d+)\.(\d+)\.(\d+)\.([\w-]+)$/

export const spelled = (name: RowName): string =>
  `${name.version}.${name.writtenAtMs}.${name.expiresAtMs}.${name.value}`

export function parsed(text: string): RowName | undefined {
  const [, version, writtenAtMs, expiresAtMs, value] = NAME.exec(text) ?? []
  if (value === undefined) return undefined
  return {
    version: Number(version),
    writtenAtMs: Number(writtenAtMs),
    expiresAtMs: Number(expiresAtMs),
    value,
  }
}

export const freshName = (random: Random): string => toBase64url(random.bytes(15))

/** How much is looked at in one go. */
const BATCH = 100

/**
 * What no row names is left by a process that ended in the middle, unless it is younger: a process
 * may be frozen between writing a value and naming it.
 */
const ABANDONED_MS = 24 * 3_600_000

/**
 * Takes away rows whose time is over and what ended processes left: some of them, from a place that
 * chance decides, so that every one is met sometime.
 *
 * @param fraction From 0 up to, not including, 1.
 */
export async function sweep(folder: Folder, nowMs: number, fraction: number): Promise<void> {
  for (const key of some(await namesIn(folder.rows), fraction)) {
    await dropIfOver(folder, key, nowMs)
  }
  const isAbandoned = async (path: string): Promise<boolean> =>
    nowMs - (await lstat(path)).mtimeMs > ABANDONED_MS
  for (const name of some(await namesIn(folder.values), fraction)) {
    const path = join(folder.values, name)
    // The key is the first part of a value's name.
    const key = name.slice(0, name.lastIndexOf('.'))
    const names = await namesIn(join(folder.rows, key))
    const isNamed = names.some((each) => parsed(each)?.value === name.slice(key.length + 1))
    if (!isNamed && (await isAbandoned(path))) await removed(path)
  }
  for (const name of some(await namesIn(folder.making), fraction)) {
    const path = join(folder.making, name)
    if (await isAbandoned(path)) await removeAll(path)
  }
}

/** The first process that removes the file wins: a swap that comes later finds no row. */
async function dropIfOver(folder: Folder, key: string, nowMs: number): Promise<void> {
  const path = join(folder.rows, key)
  for (const name of await namesIn(path)) {
    const row = parsed(name)
    if (row === undefined || nowMs < row.expiresAtMs) return
    if (await removed(join(path, name))) await removed(join(folder.values, `${key}.${row.value}`))
  }
  await removeIfEmpty(path)
}

/** A batch of names from a place on, and round to the first. */
function some(names: readonly string[], fraction: number): readonly string[] {
  const from = Math.floor(fraction * names.length)
  return [...names.slice(from), ...names.slice(0, from)].slice(0, BATCH)
}
