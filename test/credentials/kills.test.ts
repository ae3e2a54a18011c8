import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import { isLong } from '../runs.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startProcess } from './processes.ts'

/** So many processes are killed. */
const KILLS = isLong ? 200 : 20

const setOf = (n: number): TokenSet => ({
  accessToken: `at-${n}-${'x'.repeat(400)}`,
  refreshToken: `rt-${n}-${'y'.repeat(100)}`,
  expiresAtMs: 2_000_000_000_000 + n,
})

it('leaves the old file or the new one, wherever its writer is killed', async () => {
  const directory = await temporaryDirectory('kills')
  onTestFinished(() => rm(directory, { recursive: true, maxRetries: 10 }))
  const path = join(directory, 'credentials.json')
  const others = { theme: 'dark', big: '@', list: [1, { deep: null }] }
  const content = JSON.stringify({ others, grants: { default: setOf(0) } })
  const text = content.replace('"@"', '9'.repeat(20))
  await writeFile(path, text, { mode: 0o600 })
  const stateOf = async (): Promise<number> => {
    const raw = await readFile(path, 'utf8')
    const { grants, ...rest } = JSON.parse(raw) as { grants: { default: TokenSet } }
    const n = Number(grants.default.refreshToken!.split('-')[1])
    expect(grants.default).toEqual(setOf(n))
    expect(raw).toContain(`"big":${'9'.repeat(20)}`)
    expect(rest).toMatchObject({ others: { theme: 'dark', list: [1, { deep: null }] } })
    return n
  }
  const first = await startProcess({ path })
  const counted = await startProcess({ path, killAt: 10_000 })
  const { answer: steps } = (await counted.ask({ type: 'save', next: setOf(1) }))!
  await Promise.all([first.stop(), counted.stop()])
  expect(await stateOf()).toBe(1)
  expect(steps).toBeGreaterThan(20)

  const folder = async (): Promise<string[]> => {
    const names = await readdir(directory)
    return names.filter((name) => name !== 'credentials.json')
  }
  let kept = 0
  let wrote = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await stateOf()
    // Every other process finds what the last one left. The others meet each step in turn.
    const isClean = kill % 2 === 0
    if (isClean) for (const name of await folder()) await rm(join(directory, name))
    const killAt =
      1 + Math.floor(((kill * (steps as number)) / Math.min(KILLS, 100)) % (steps as number))
    const child = await startProcess({ path, killAt })
    const said = await child.ask({ type: 'save', next: setOf(before + 1) })
    await child.stop()

    const after = await stateOf()

    expect(said === undefined ? [before, before + 1] : [before + 1]).toContain(after)
    if (after === before) kept += 1
    else wrote += 1
  }
  const last = await startProcess({ path })
  await last.ask({ type: 'save', next: setOf(99_999) })
  await last.stop()

  expect(await stateOf()).toBe(99_999)
  // What the killed processes left is swept away: it held tokens.
  expect(await folder()).toEqual([])
  expect(kept).toBeGreaterThan(0)
  expect(wrote).toBeGreaterThan(0)
})
