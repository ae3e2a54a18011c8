/**
 * Swaps one row, and is killed before the n-th time that it touches the file system. In: folder,
 * the version expected, n. Prints `swapped` when it came to its end.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [directory, expected, n] = process.argv.slice(2)
let calls = 0

function killing<F extends (...args: never[]) => unknown>(call: F): F {
  return ((...args) => {
    calls += 1
    if (calls === Number(n)) process.kill(process.pid, 'SIGKILL')
    return call(...args)
  }) as F
}

const { promises } = fs
const { open } = promises
for (const name of ['mkdir', 'lstat', 'readdir', 'rename', 'unlink', 'rmdir', 'rm'] as const) {
  Object.assign(promises, { [name]: killing(promises[name] as () => unknown) })
}
promises.open = killing(async (...args: Parameters<typeof open>) => {
  const file = await open(...args)
  file.writeFile = killing(file.writeFile.bind(file))
  file.sync = killing(file.sync.bind(file))
  return file
})
syncBuiltinESMExports()

const { fileStore } = await import('../../../src/stores/file.ts')
await fileStore(directory!).swap('row', Number(expected), Uint8Array.of(2), 3_600_000)
console.log('swapped')
