import type { Stats } from 'node:fs'
import { lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RefreshError } from '../../core/errors.ts'
import { toBase64url } from '../../core/text.ts'
import type { Random } from '../../core/random.ts'
import { isWindows, namesIn, removeAll, removed, removeIfEmpty } from './disk.ts'

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
 *   one that others may read or write; and if other users may put another folder in its place.
 */
export async function openFolder(path: string): Promise<Folder> {
  const folder = {
    rows: join(path, 'rows'),
    values: join(path, 'values'),
    making: join(path, 'making'),
  }
  for (const each of [path, folder.rows, folder.values, folder.making]) {
    await make(each)
    refuseForeign(await lstat(each))
  }
  // There are no modes there: the access list of the profile keeps others out.
  if (isWindows()) return folder
  const parents = new Set([...parentsOf(path), ...parentsOf(await realpath(path))])
  for (const each of parents) refuseReplaceable(each, await lstat(each))
  return folder
}

/**
 * Makes a folder and its parents. Not by Node's `recursive`, which never ends where a file system
 * makes no folders, such as `/proc`.
 */
async function make(path: string): Promise<void> {
  if (await isMade(path)) return
  await make(dirname(path))
  if (!(await isMade(path))) refuse('Its folder cannot be made: the file system makes none there.')
}

/** Makes one folder, and says whether it is there: not, if its parent is missing. */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true
    if (code === 'ENOENT') return false
    throw error
  }
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path)
  return parent === path ? [] : [parent, ...parentsOf(parent)]
}

/** @throws {RefreshError} If a user other than root and this one could rename what is in it. */
function refuseReplaceable(path: string, stats: Stats): void {
  const { uid, gid, mode } = stats
  const name = JSON.stringify(path)
  if (uid !== 0 && uid !== process.getuid!()) {
    refuse(`${name}, in which its folder lies, belongs to another user.`)
  }
  // In a folder with the sticky bit, such as /tmp, only the owner of an entry may rename it.
  if (stats.isSymbolicLink() || (mode & 0o1000) !== 0) return
  const isGroupOthers = (mode & 0o020) !== 0 && gid !== process.getgid!()
  if ((mode & 0o002) === 0 && !isGroupOthers) return
  refuse(`Others may write to ${name}, in which its folder lies: chmod go-w.`)
}

function refuse(hint: string): never {
  throw new RefreshError('store_unavailable', { store: 'file', hint })
}

function refuseForeign(stats: Stats): void {
  if (stats.isSymbolicLink()) refuse('Its folder is a symbolic link: write where it leads to.')
  if (!stats.isDirectory()) refuse('Its folder is a file.')
  if (isWindows()) return
  if (stats.uid !== process.getuid!()) refuse('Its folder belongs to another user.')
  if ((stats.mode & 0o077) !== 0) refuse('Others may enter its folder: chmod 700.')
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
