import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from '../../servers/process.ts'

/** A path that nothing stands at, in a folder of the test's own. */
export async function freshPath(): Promise<string> {
  const directory = await temporaryDirectory('file')
  onTestFinished(() => rm(directory, { recursive: true, maxRetries: 10 }))
  return join(directory, 'ledger')
}
