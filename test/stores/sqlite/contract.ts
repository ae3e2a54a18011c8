/** Runs the contract on `node:sqlite` with `node:test`, and prints a line of JSON a sentence. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { sqliteStore } from '../../../src/stores/sqlite.ts'
import { storeContract } from '../../../src/testing/store-contract.ts'

storeContract(
  'sqliteStore of node:sqlite',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'refresh-once-sqlite-'))
    const [one, other] = [1, 2].map(() => new DatabaseSync(join(directory, 'rows.db')))
    return {
      store: sqliteStore(one!),
      twin: sqliteStore(other!),
      close() {
        one!.close()
        other!.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
  { describe, it: telling },
)

/** `it`, which also says on stderr how each test ended. */
function telling(sentence: string, body: () => Promise<void>): void {
  void it(sentence, async () => {
    const why = await body().then(
      () => '',
      (error: unknown) => String(error),
    )
    console.error(JSON.stringify({ sentence, why }))
  })
}
