import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn, removeAll, removed, removeIfEmpty } from './disk.ts'
import type { Folder } from './folder.ts'
import { parsed } from './row-name.ts'

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

/** Whoever takes the file away first wins: a swap that comes later finds no row. */
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
