import { open, rm } from 'node:fs/promises'
import { Misused } from './command.ts'

/** A file that waits for what cannot be had twice. */
export interface SuccessorFile {
  /** Puts a text into it, on the disk when this resolves. Says whether that went well. */
  write(text: string): Promise<boolean>
  /** Nothing came: it is not needed. */
  remove(): Promise<void>
}

/** More than a token set takes. */
const RESERVED_BYTES = 64 * 1024

/**
 * Makes a file that only its owner can read, with room on the disk: before the token is presented,
 * when it is still early enough to fail.
 *
 * @throws {Misused} When it is there already, or cannot be made.
 */
export async function newFile(path: string): Promise<SuccessorFile> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const { code } = error as { code?: string }
    throw new Misused(`${path} ${code === 'EEXIST' ? 'is there already' : 'cannot be made'}`)
  })
  try {
    await file.writeFile(Buffer.alloc(RESERVED_BYTES, ' '))
    await file.sync()
  } catch {
    await file.close()
    await rm(path, { force: true })
    throw new Misused(`there is no room for ${path}`)
  }
  return {
    async write(text) {
      try {
        const bytes = Buffer.from(text)
        await file.write(bytes, 0, bytes.length, 0)
        await file.truncate(bytes.length)
        await file.sync()
        return true
      } catch {
        return false
      } finally {
        await file.close()
      }
    },
    async remove() {
      await file.close()
      await rm(path, { force: true })
    },
  }
}
