import { createRequire } from 'node:module'
import { chmod, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqliteStore, type SqliteDatabase } from '../../src/stores/sqlite.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { runTypeScript } from './child.ts'

type Open = new (path: string) => SqliteDatabase & { close(): void }

/** The interface of better-sqlite3, built for every Node: what `@libsql/client` stands on. */
const Libsql = createRequire(createRequire(import.meta.url).resolve('@libsql/client'))(
  'libsql',
) as Open

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000
const always = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 }

storeContract(
  'sqliteStore in the shape of better-sqlite3',
  async () => {
    const directory = await temporaryDirectory('sqlite')
    const [one, other] = [1, 2].map(() => new Libsql(join(directory, 'rows.db')))
    return {
      store: sqliteStore(one!),
      twin: sqliteStore(other!),
      async close() {
        one!.close()
        other!.close()
        await rm(directory, { recursive: true })
      },
    }
  },
  { describe: describe.concurrent, it },
)

interface Result {
  readonly sentence: string
  /** Empty if it passed. */
  readonly why: string
}

// In a process of its own: the oldest Node that is supported has no node:sqlite.
const { stderr } = await runTypeScript('test/stores/sqlite/contract.ts')
const results = stderr
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Result)

describe('sqliteStore of node:sqlite', () => {
  it('was tried', () => {
    expect(results.length).toBeGreaterThan(12)
  })

  for (const { sentence, why } of results) {
    it(sentence, () => expect(why).toBe(''))
  }
})

describe('sqliteStore', () => {
  async function open(): Promise<InstanceType<Open>> {
    const directory = await temporaryDirectory('sqlite')
    const db = new Libsql(join(directory, 'rows.db'))
    onTestFinished(async () => {
      db.close()
      await rm(directory, { recursive: true })
    })
    return db
  }

  it('lets a commit reach the disk before it answers', async () => {
    const db = await open()

    await sqliteStore(db).read('a')

    expect(db.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 })
    expect(db.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
  })

  it.each([0o644, 0o666])(
    'takes its files away from others, also those of mode %o',
    async (mode) => {
      const directory = await temporaryDirectory('sqlite')
      const path = join(directory, 'rows.db')
      const before = new Libsql(path)
      before.exec('PRAGMA journal_mode = WAL; CREATE TABLE of_before (a)')
      for (const name of await readdir(directory)) await chmod(join(directory, name), mode)
      const db = new Libsql(path)
      onTestFinished(async () => {
        before.close()
        db.close()
        await rm(directory, { recursive: true })
      })

      await sqliteStore(db).swap('a', 0, value, HOUR_MS)

      const names = (await readdir(directory)).toSorted()
      expect(names).toEqual(['rows.db', 'rows.db-shm', 'rows.db-wal'])
      for (const name of names) {
        expect([name, (await stat(join(directory, name))).mode & 0o777]).toEqual([name, 0o600])
      }
    },
  )

  it('keeps rows in memory, too', async () => {
    const db = new Libsql(':memory:')
    onTestFinished(() => db.close())

    expect(await sqliteStore(db).swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('deletes rows whose time is over, a bounded number with a swap now and then', async () => {
    const db = await open()
    const store = sqliteStore(db, { random: always })
    await store.read('a')
    db.exec(
      `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 450)
       INSERT INTO refresh_once SELECT 'old ' || n, 1, x'00', 0, n FROM n`,
    )
    const left: unknown[] = []

    for (let expected = 0; expected < 3; expected += 1) {
      await store.swap('live', expected, value, HOUR_MS)
      left.push(db.prepare("SELECT count(*) AS n FROM refresh_once WHERE key <> 'live'").get())
    }

    expect(left).toMatchObject([{ n: 250 }, { n: 50 }, { n: 0 }])
    expect(await store.read('live')).toMatchObject({ version: 3 })
  })

  it('writes nothing into a transaction of the application, which could take it back', async () => {
    const db = await open()
    const store = sqliteStore(db)
    await store.read('a')
    db.exec('BEGIN')

    await expect(store.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject({
      code: 'store_unavailable',
      store: 'sqlite',
      message: expect.stringMatching(/connection.* one of its own/),
    })
    db.exec('ROLLBACK')

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('takes no database that is none, and no table whose name is none', async () => {
    const db = await open()

    expect(() => sqliteStore({} as SqliteDatabase)).toThrow(/node:sqlite/)
    expect(() => sqliteStore(db, { table: 'a; DROP' })).toThrow(TypeError)
  })
})
