import { join, relative, resolve, sep } from 'node:path'
import { homedir } from 'node:os'
import { checkOptions, clock as aClock, random as aRandom } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { systemRandom, type Random } from '../core/random.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import {
  isWindows,
  makeFolder,
  namesIn,
  readWhole,
  removeAll,
  removed,
  renamed,
  renamedFolder,
  syncFolder,
  writeNew,
} from './file/disk.ts'
import {
  freshName,
  openFolder,
  parsed,
  spelled,
  sweep,
  type Folder,
  type RowName,
} from './file/folder.ts'
import { storeErrors, warnOnce, watching } from './shared.ts'

export interface FileStoreOptions {
  /** The wall clock of the host, which all of its processes share. */
  readonly clock?: Clock
  readonly random?: Random
}

const OPTIONS: TableOf<FileStoreOptions> = { clock: aClock, random: aRandom }

const STORE = 'file'
const KEY = /^[\w-]{1,100}$/

/** One swap in so many takes rows away whose time is over. */
const SWEEP_CHANCE = 1 / 20

/** More turns than a row takes to be read while others write it. */
const TURNS_MAX = 1_000

const FULL = 'The disk is full.'

const errorFrom = storeErrors(STORE, {
  codeOf: (error) => (error as NodeJS.ErrnoException).code,
  hints: {
    EACCES: 'It may not be written: whose is the folder?',
    EPERM: 'It may not be written: whose is the folder?',
    EROFS: 'The file system is read-only.',
    ENOTDIR: 'A part of its path is a file.',
    ELOOP: 'There is a symbolic link where a file should be.',
    EMFILE: 'This process has too many files open.',
    ENFILE: 'The host has too many files open.',
    EIO: 'The disk failed.',
  },
  full: { ENOSPC: FULL, EDQUOT: FULL, EFBIG: FULL },
  otherwise: () => 'It cannot be used: does its folder exist?',
})

/** A row as its folder holds it. */
interface FileRow {
  /** The name of the row's one file; absent when there is none, though its time may be over. */
  readonly name?: RowName
  readonly stored: StoredRow
}

/**
 * Keeps rows in files of one folder. All processes of one host and one user that use the folder
 * share them, on a local disk, also across a crash of the host.
 *
 * A row is a folder with one empty file, whose name says the version and where the value is. A swap
 * renames that file: of several processes that try, one finds it. A new row is made by renaming a
 * whole folder into its place, which fails if a folder with content is there already.
 *
 * @param directory Made if need be, for this user alone.
 * @throws {TypeError} For a path that is no text.
 * @store Files
 * @for several processes of one host, with nothing to install: CLIs, PM2
 * @sharedBy one user of one host
 * @needs a local disk
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): Store {
  checkOptions('fileStore', options, OPTIONS)
  const { clock = systemClock, random = systemRandom } = options
  if (typeof directory !== 'string' || directory === '') {
    throw new TypeError('fileStore() takes the path of a folder')
  }
  const path = resolve(directory)
  if (isWindows()) warnOutsideProfile(path)

  let opened: Promise<Folder> | undefined

  async function call<R>(key: string, work: (folder: Folder) => Promise<R>): Promise<R> {
    if (!KEY.test(key)) throw new TypeError('a key is a name of letters, digits, - and _')
    try {
      return await work(await (opened ??= openFolder(path)))
    } catch (error) {
      opened = undefined
      throw errorFrom(error)
    }
  }

  async function standing(folder: Folder, key: string): Promise<FileRow> {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      const name = (await namesIn(join(folder.rows, key))).map(parsed).find((each) => each)
      const nowMs = Math.max(clock.now(), name?.writtenAtMs ?? 0)
      const absent = { version: 0, writtenAtMs: 0, nowMs }
      if (name === undefined) return { stored: absent }
      if (nowMs >= name.expiresAtMs) return { name, stored: absent }
      const value = await readWhole(valueFile(folder, key, name))
      // Gone, because the row was swapped since its name was read.
      if (value === undefined) continue
      const { version, writtenAtMs } = name
      return { name, stored: { value, version, writtenAtMs, nowMs } }
    }
    throw new RefreshError('store_unavailable', { store: STORE, hint: 'A value is missing.' })
  }

  const read = (key: string): Promise<StoredRow> =>
    call(key, async (folder) => (await standing(folder, key)).stored)

  /** Puts the new name in the place of the old one, and says whether it was still there. */
  async function replace(
    folder: Folder,
    key: string,
    from: RowName | undefined,
    to: RowName,
  ): Promise<boolean> {
    const row = join(folder.rows, key)
    if (from !== undefined) return renamed(join(row, spelled(from)), join(row, spelled(to)))
    const making = join(folder.making, to.value)
    await makeFolder(making, spelled(to))
    const isMade = await renamedFolder(making, row)
    await (isMade ? syncFolder(folder.rows) : removeAll(making))
    return isMade
  }

  /** What is no longer needed goes last, when the disk has what came in its place. */
  async function tidy(folder: Folder, key: string, from: RowName | undefined): Promise<void> {
    await syncFolder(join(folder.rows, key))
    if (from !== undefined) await removed(valueFile(folder, key, from))
    if (random.fraction() >= SWEEP_CHANCE) return
    // It is not about this row: what fails is left to the next.
    await sweep(folder, clock.now(), random.fraction()).catch(() => {})
  }

  async function swapOnce(
    folder: Folder,
    key: string,
    expected: number,
    value: Uint8Array,
    ttlMs: number,
  ): Promise<(StoredRow & { readonly swapped: boolean }) | undefined> {
    const { name, stored } = await standing(folder, key)
    if (stored.version !== expected) return { ...stored, swapped: false }
    const { nowMs } = stored
    const next: RowName = {
      version: expected + 1,
      writtenAtMs: nowMs,
      expiresAtMs: nowMs + Math.ceil(ttlMs),
      value: freshName(random),
    }
    const file = valueFile(folder, key, next)
    await writeNew(file, value)
    await syncFolder(folder.values)
    if (await replace(folder, key, name, next)) {
      await tidy(folder, key, name)
      return {
        value: value.slice(),
        version: next.version,
        writtenAtMs: nowMs,
        nowMs,
        swapped: true,
      }
    }
    await removed(file)
    return undefined
  }

  return {
    name: STORE,
    id: `file ${path}`,
    read,
    swap(key, expected, value, ttlMs) {
      return call(key, async (folder) => {
        // A swap that lost reads the row again: it may be as expected, if an old row was swept.
        for (let turn = 0; turn < TURNS_MAX; turn += 1) {
          const stored = await swapOnce(folder, key, expected, value, ttlMs)
          if (stored !== undefined) return stored
        }
        throw new RefreshError('store_unavailable', {
          store: STORE,
          hint: 'Too many others write.',
        })
      })
    },
    changed: watching(read, { clock, random }),
  }
}

const valueFile = (folder: Folder, key: string, name: RowName): string =>
  join(folder.values, `${key}.${name.value}`)

/** Windows has no mode for a folder: what keeps others out is the access list of the profile. */
function warnOutsideProfile(path: string): void {
  const [first = ''] = relative(homedir(), path).split(sep)
  if (first !== '..' && !/^[a-z]:/i.test(first)) return
  warnOnce(
    'fileStore: the folder lies outside of your user profile, so other users of this machine may ' +
      'be able to read it: choose one below %LOCALAPPDATA%',
  )
}
