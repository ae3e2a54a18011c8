import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { MARK } from '../../src/testing/fuzz/secrets.ts'
import { huntsBy } from '../mutants/mutant.ts'
import { MUTANTS } from '../mutants/mutants.ts'
import { loadMutant } from '../mutants/plant.ts'
import { storyOf } from './report.ts'
import { simulate } from './simulate.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Alone on a core it takes a tenth of this. */
const TIMEOUT_MS = 120_000

async function journalOf(seed: number): Promise<string> {
  const asked = ['test/simulation/main.ts', '--seed', `${seed}`, '--steps', '6000', '--journal']
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', ...asked], {
    cwd: ROOT,
    maxBuffer: 2 ** 26,
  })
  return stdout
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('a seed', { timeout: TIMEOUT_MS }, () => {
  it('is the same world to the byte, in processes that share nothing, and no token', async () => {
    const [first, again, other] = [await journalOf(5), await journalOf(5), await journalOf(6)]

    expect(first.split('\n').length).toBeGreaterThan(500)
    expect(digest(again)).toBe(digest(first))
    expect(digest(other)).not.toBe(digest(first))
    expect(first).not.toContain(MARK)
  })

  it('tells what broke as a story, with the command that replays it', async () => {
    const [hunt] = huntsBy(MUTANTS, 'simulation')
    const subject = await loadMutant(hunt!.mutant)
    const asked = { seed: 1, steps: 15_000 }
    const { violation, timeline } = await simulate(subject, asked)

    const story = await storyOf(subject, asked)

    expect(story).toContain(`✗ ${violation!.invariant}: ${violation!.message}`)
    expect(story).toMatch(/worker \d+ +presents/)
    expect(story).toContain(`npm run simulate -- --seed 1 --steps ${timeline.steps}`)
  })
})
