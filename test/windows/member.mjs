/**
 * Runs under the Windows build of Node, which prints nothing that Wine hands on: results are files.
 *
 *     contract DIST FOLDER RESULT         the contract of a store, sentence by sentence
 *     count DIST FOLDER RESULT TIMES      adds to one row by compare-and-swap, and notes each swap
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , role, dist, folder, result, times = '0'] = process.argv
const load = (path) => import(pathToFileURL(join(dist, path)).href)
const { fileStore } = await load('src/stores/file.js')

if (role === 'contract') {
  const { storeContract } = await load('src/testing/store-contract.js')
  const sentences = []
  storeContract(
    'fileStore',
    () => {
      const own = join(folder, `${sentences.length}-${Math.round(performance.now() * 1000)}`)
      return { store: fileStore(own), twin: fileStore(own) }
    },
    {
      describe: (_, body) => body(),
      it: (sentence, body) => sentences.push([sentence, body]),
    },
  )
  const lines = []
  for (const [sentence, body] of sentences) {
    const failure = await body().then(
      () => undefined,
      (error) => String(error),
    )
    lines.push({ sentence, failure })
    writeFileSync(result, JSON.stringify(lines))
  }
} else {
  const store = fileStore(folder)
  writeFileSync(result, '')
  for (let count = 0; count < Number(times);) {
    const { version, value } = await store.read('counter')
    const next = Buffer.from(String(Number(Buffer.from(value ?? '0').toString()) + 1))
    const { swapped } = await store.swap('counter', version, next, 3_600_000)
    if (!swapped) continue
    appendFileSync(result, `${next.toString()}\n`)
    count += 1
  }
  appendFileSync(result, 'end\n')
}
