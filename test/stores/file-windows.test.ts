import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemRandom } from '../../src/core/random.ts'
import { fileStore } from '../../src/stores/file.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { freshPath } from './file/path.ts'
import { windows } from './file/windows.ts'

/**
 * A file system that refuses what that of Windows refuses, as Node's Windows build reports it (seen
 * under Wine by `npm run verify -- windows`).
 */
vi.mock('node:fs/promises', async (original) => {
  const { windowsOver } = await import('./file/windows.ts')
  return windowsOver(await original<typeof import('node:fs/promises')>())
})

Object.defineProperty(process, 'platform', { value: 'win32' })

const value = Uint8Array.of(1, 2, 3)
const HOUR_MS = 3_600_000

storeContract(
  'fileStore on Windows',
  async () => {
    const directory = await temporaryDirectory('file')
    return {
      store: fileStore(join(directory, 'ledger')),
      twin: fileStore(join(directory, 'ledger')),
      close: () => rm(directory, { recursive: true, maxRetries: 10 }),
    }
  },
  { describe, it },
)

describe('fileStore on Windows', () => {
  it('lets one of many processes make a row', async () => {
    const path = await freshPath()
    const stores = Array.from({ length: 8 }, () => fileStore(path))

    const swaps = await Promise.all(stores.map((store) => store.swap('a', 0, value, HOUR_MS)))

    expect(swaps.filter(({ swapped }) => swapped)).toHaveLength(1)
    expect(await fileStore(path).read('a')).toMatchObject({ version: 1 })
  })

  it('makes a row anew where an empty folder was left', async () => {
    const path = await freshPath()
    const clock = manualClock()
    const tidy = { ...systemRandom, fraction: () => 0 }
    const store = fileStore(path, { clock, random: tidy })
    await store.swap('a', 0, value, 1_000)
    windows.keepsFolders = true
    onTestFinished(() => void (windows.keepsFolders = false))
    clock.advance(2_000)
    // Sweeps the row that is over; its folder stays, as another program has it open.
    await store.swap('b', 0, value, HOUR_MS)
    windows.keepsFolders = false

    const again = await store.swap('a', 0, value, HOUR_MS)

    expect(again).toMatchObject({ swapped: true, version: 1 })
  })

  it('waits for programs that have a file open, and no longer than needed', async () => {
    const path = await freshPath()
    const store = fileStore(path)
    await store.swap('a', 0, value, HOUR_MS)
    windows.sharingViolations = 3

    const swapped = await store.swap('a', 1, value, HOUR_MS)

    expect(swapped).toMatchObject({ swapped: true, version: 2 })
    expect(windows.sharingViolations).toBe(0)
  })

  it('gives up on a file that is never let go, and loses no row', async () => {
    const path = await freshPath()
    const store = fileStore(path)
    await store.swap('a', 0, value, HOUR_MS)
    windows.sharingViolations = 1_000
    onTestFinished(() => void (windows.sharingViolations = 0))

    await expect(store.swap('a', 1, value, HOUR_MS)).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    windows.sharingViolations = 0
    expect(await store.read('a')).toMatchObject({ version: 1, value })
  })

  it('says that a folder outside of the profile may be read by others', async () => {
    // It is said once a process.
    const said = Symbol.for('refresh-once/warned/1')
    ;(globalThis as unknown as Record<symbol, Set<string>>)[said]?.clear()
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)

    fileStore(await freshPath())

    // The folder of this test lies outside of the home folder.
    expect(warned.mock.calls.map(([message]) => String(message)).join()).toContain('%LOCALAPPDATA%')
  })
})
