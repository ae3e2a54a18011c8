import { constants, renameSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { sleep } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { isRefreshError, RefreshError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { isRecord, toBase64url } from '../core/text.ts'
import { removed, syncFolder, writeNew } from '../stores/file/disk.ts'
import { ofProcess } from '../stores/shared.ts'

/** What a file held when it was read. */
export interface FileRead {
  readonly text: string
  /** Tells whether the file is still the one that was read. */
  readonly version: string
}

/** The parts of the disk that one credential file needs. */
export interface CredentialDisk {
  /** @returns `undefined`, if there is no such file. */
  read(): Promise<FileRead | undefined>
  /**
   * Changes the file while no other process that uses this library does, by one rename.
   *
   * @param next Makes the new text of what the file holds now. `undefined` leaves it as it is. It
   *   is called again if another program has written meanwhile.
   */
  change(next: (now: FileRead | undefined) => Promise<string | undefined>): Promise<void>
}

export interface DiskOptions {
  /** How long to wait for a process that writes, milliseconds. */
  readonly lockMs: number
  readonly clock: Clock
  readonly random: Random
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
const isWindows = process.platform === 'win32'

/** No credential file is larger. */
const BYTES_MAX = 16 * 1024 * 1024

/**
 * A lock that stays the same for so long is taken over, milliseconds on the clock of the process
 * that waits: the time of a file is of another clock. Its holder looks before it renames.
 */
const STALE_MS = { nameless: 2_000, elsewhere: 5_000, alive: 8_000 } as const

/** How often a change begins anew because another program writes the same file. */
const TURNS_MAX = 20

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'This user may not read or write it: look at its owner and mode.',
  EPERM: 'This user may not read or write it: look at its owner and mode.',
  EROFS: 'The file system is read-only.',
  ENOSPC: 'The disk is full.',
  EDQUOT: "This user's share of the disk is full.",
  ENOTDIR: 'A part of the path is a file.',
  EISDIR: 'It is a folder: write the path of a file.',
  EMFILE: 'This process has too many files open.',
  EBUSY: 'Another program has it open: close that program, then try again.',
  EIO: 'The disk failed.',
}

/** Words an error about a file: the path, and what to do. */
export function fileError(
  code: 'file_malformed' | 'file_insecure' | 'file_locked' | 'file_unavailable',
  path: string,
  hint: string,
): RefreshError {
  return new RefreshError(code, { path, hint: `${path}: ${hint}` })
}

export function credentialDisk(path: string, options: DiskOptions): CredentialDisk {
  const { clock, random } = options
  const folder = dirname(path)
  const lockPath = `${path}.refresh-once.lock`
  // Hidden, and told from the files of others by both ends.
  const tempStart = `.${basename(path)}.refresh-once.`
  const tempEnd = '.tmp'
  const freshTemp = (): string =>
    join(folder, `${tempStart}${toBase64url(random.bytes(9))}${tempEnd}`)

  async function told<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (error) {
      if (isRefreshError(error)) throw error
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'ELOOP') throw fileError('file_insecure', path, SYMLINK)
      const hint = HINTS[code] ?? 'It cannot be used: does its folder exist?'
      throw fileError('file_unavailable', path, hint)
    }
  }

  async function readNow(): Promise<FileRead | undefined> {
    // Not all systems have a flag that refuses a symbolic link.
    const before = await lstat(path).catch(unlessGone)
    if (before === undefined) return undefined
    if (before.isSymbolicLink()) throw fileError('file_insecure', path, SYMLINK)
    // A pipe would wait for its writer.
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(unlessGone)
    if (file === undefined) return undefined
    try {
      const stats = await file.stat()
      refuseForeign(path, stats)
      if (stats.size > BYTES_MAX) throw fileError('file_malformed', path, 'It is far too large.')
      return { text: await file.readFile('utf8'), version: versionOf(stats) }
    } finally {
      await file.close()
    }
  }

  /** @returns Whether the lock is ours now; else what holds it. */
  async function tryLock(name: string, seen: Map<string, number>): Promise<true | string> {
    try {
      await writeNew(lockPath, Buffer.from(name))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const text = await readFile(lockPath, 'utf8').catch(unlessGone)
    if (text === undefined) return 'a process that has just ended'
    const { by, staleMs } = holderIn(text)
    const nowMs = clock.monotonic()
    const since = seen.get(text) ?? nowMs
    seen.set(text, since)
    if (nowMs - since < staleMs) return by
    // Of several that find it over, the one that renames it takes it away.
    const aside = freshTemp()
    const isMoved = await rename(lockPath, aside).then(
      () => true,
      () => false,
    )
    if (!isMoved) return by
    const moved = await readFile(aside, 'utf8').catch(() => '')
    // Another process took it over and locked anew in between: its lock goes back.
    if (moved !== text) await rename(aside, lockPath).catch(() => {})
    else await removed(aside)
    return by
  }

  async function lock(name: string): Promise<void> {
    const endsAt = clock.monotonic() + options.lockMs
    const seen = new Map<string, number>()
    held.add(name)
    for (let ms = 2; ; ms = Math.min(ms * 1.5, 100)) {
      const holder = await tryLock(name, seen)
      if (holder === true) return
      if (clock.monotonic() >= endsAt) {
        held.delete(name)
        const hint = `It is locked by ${holder}. If that is wrong, remove ${lockPath}.`
        throw fileError('file_locked', path, hint)
      }
      await sleep(clock, ms * (0.5 + random.fraction()))
    }
  }

  async function unlock(name: string): Promise<void> {
    // A process that was frozen for long may have lost it.
    const text = await readFile(lockPath, 'utf8').catch(() => '')
    if (text === name) await removed(lockPath)
    held.delete(name)
  }

  /** What a process left that was killed while it wrote: it holds tokens. */
  async function sweep(): Promise<void> {
    for (const name of await readdir(folder)) {
      if (name.startsWith(tempStart) && name.endsWith(tempEnd)) await removed(join(folder, name))
    }
  }

  /** Puts the text in the place of the file by one rename, if no other program wrote meanwhile. */
  async function replace(text: string, before: FileRead | undefined, name: string) {
    const temp = freshTemp()
    await writeNew(temp, Buffer.from(text))
    try {
      const isOurs = (await readFile(lockPath, 'utf8').catch(() => '')) === name
      // Nothing is awaited between the last look and the rename.
      if (!isOurs || versionAt(path) !== before?.version) return false
      // A process that was frozen may find it swept away.
      if (versionAt(temp) === undefined) return false
      renameSync(temp, path)
      if (!isWindows) await syncFolder(folder)
      return true
    } finally {
      await removed(temp)
    }
  }

  return {
    read: () => told(readNow),
    change: (next) =>
      told(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        refuseReplaceable(path, folder, await stat(folder))
        const name = JSON.stringify({
          pid: process.pid,
          host: hostname(),
          id: toBase64url(random.bytes(9)),
        })
        for (let turn = 0; turn < TURNS_MAX; turn += 1) {
          await lock(name)
          try {
            await sweep()
            const before = await readNow()
            const text = await next(before)
            if (text === undefined || text === before?.text) return
            if (await replace(text, before, name)) return
          } finally {
            await unlock(name)
          }
        }
        throw fileError('file_locked', path, 'Another program writes it all the time.')
      }),
  }
}

/** The locks of this process: one that is not here was left by another with the same id. */
const held = ofProcess('credential-locks/1', () => new Set<string>())

const SYMLINK = 'It is a symbolic link: write the path that it leads to.'

/** The modes of Windows say nothing: the folder of the user keeps others out there. */
function refuseForeign(path: string, stats: Stats): void {
  if (!stats.isFile()) throw fileError('file_insecure', path, 'It is no file.')
  if (isWindows) return
  if (stats.uid !== process.getuid!()) {
    throw fileError('file_insecure', path, 'It belongs to another user: chown it to this one.')
  }
  if ((stats.mode & 0o077) !== 0) {
    throw fileError('file_insecure', path, 'Others may read or write it: chmod 600.')
  }
}

function refuseReplaceable(path: string, folder: string, { uid, gid, mode }: Stats): void {
  if (isWindows) return
  if (uid !== 0 && uid !== process.getuid!()) {
    throw fileError('file_insecure', path, `The folder ${folder} belongs to another user.`)
  }
  // In a folder with the sticky bit, such as /tmp, only the owner of an entry may rename it.
  if ((mode & 0o1000) !== 0) return
  if ((mode & 0o002) === 0 && ((mode & 0o020) === 0 || gid === process.getgid!())) return
  throw fileError('file_insecure', path, `Others may write to the folder ${folder}: chmod go-w.`)
}

const versionOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`

function versionAt(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && versionOf(stats)
}

function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

/** What holds a lock, and for how long it may stay the same. */
function holderIn(text: string): { readonly by: string; readonly staleMs: number } {
  const { pid, host } = parsedLock(text)
  if (pid === undefined) return { by: 'a process without a name', staleMs: STALE_MS.nameless }
  const by = `process ${pid} on ${host}`
  // Ids of processes mean nothing on another host, nor in another container.
  if (host !== hostname()) return { by, staleMs: STALE_MS.elsewhere }
  const isLeft = pid === process.pid ? !held.has(text) : !isAlive(pid)
  return { by, staleMs: isLeft ? 0 : STALE_MS.alive }
}

function parsedLock(text: string): { readonly pid?: number; readonly host?: string } {
  try {
    const lock: unknown = JSON.parse(text)
    if (!isRecord(lock) || typeof lock['pid'] !== 'number') return {}
    return { pid: lock['pid'], host: String(lock['host']) }
  } catch {
    return {}
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
