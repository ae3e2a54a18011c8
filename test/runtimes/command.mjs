// Tries the promises in a runtime that runs files: Node, Bun, Deno. Prints one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore } from 'refresh-once/stores/file'
import { memoryStore } from 'refresh-once/stores/memory'
import { sqliteStore } from 'refresh-once/stores/sqlite'
import { storeContract } from 'refresh-once/testing'
import { contract, overHttp, promises } from './promises.mjs'

const given = JSON.parse(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'refresh-once-runtime-'))
let names = 0
const fresh = () => join(folder, `rows-${(names += 1)}`)
const shared = (make) => () => {
  const path = fresh()
  return { store: make(path), twin: make(path) }
}

const stores = {
  memory: shared((name) => memoryStore({ name })),
  file: shared((path) => fileStore(path)),
  http: shared((prefix) => overHttp(given, `${prefix}:`)),
}
const sqlite = await import('node:sqlite').catch(() => undefined)
if (sqlite) stores.sqlite = shared((path) => sqliteStore(new sqlite.DatabaseSync(path)))

try {
  const results = []
  if (given.contract) {
    for (const [name, make] of Object.entries(stores)) {
      results.push(await contract(storeContract, name, make))
    }
  }
  results.push(...(await promises(given, () => memoryStore({ name: fresh(), onWarning() {} }))))
  results.push(
    ...(await promises(given)).map(({ name, why }) => ({ name: `${name}, over HTTP`, why })),
  )
  console.log(`results ${JSON.stringify(results)}`)
} finally {
  rmSync(folder, { recursive: true })
}
process.exit()
