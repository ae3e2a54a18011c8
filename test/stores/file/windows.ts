import type fs from 'node:fs/promises'

/** What a test rules of the file system. */
export const windows = {
  /** How many of the next renames and removals of files find the file open elsewhere. */
  sharingViolations: 0,
  /** Whether no folder can be taken away, because another program has it open. */
  keepsFolders: false,
}

function coded(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall })
}

function violated(syscall: string): void {
  if (windows.sharingViolations === 0) return
  windows.sharingViolations -= 1
  throw coded(windows.sharingViolations % 2 === 0 ? 'EPERM' : 'EBUSY', syscall)
}

/** The functions of `node:fs/promises`, as they fail on Windows. */
export function windowsOver(real: typeof fs): typeof fs {
  const isFolder = (path: unknown): Promise<boolean> =>
    real.lstat(path as string).then(
      (stats) => stats.isDirectory(),
      () => false,
    )
  const changed: Partial<typeof fs> = {
    async rename(from, to) {
      violated('rename')
      // No folder is replaced, not an empty one either.
      if ((await isFolder(from)) && (await isFolder(to))) throw coded('EPERM', 'rename')
      return real.rename(from, to)
    },
    async unlink(path) {
      violated('unlink')
      return real.unlink(path)
    },
    async rmdir(path) {
      if (windows.keepsFolders) throw coded('EBUSY', 'rmdir')
      return real.rmdir(path)
    },
    async open(path, flags, mode) {
      const file = await real.open(path, flags, mode)
      if (await isFolder(path)) file.sync = () => Promise.reject(coded('EPERM', 'fsync'))
      return file
    },
  }
  return { ...real, ...changed }
}
