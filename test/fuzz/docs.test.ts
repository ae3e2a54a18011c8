import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { fuzz } from '../../src/cli/fuzz/fuzz.ts'
import { systemClock } from '../../src/core/clock.ts'
import { presets } from '../../src/testing/presets.ts'
import { blocksOf } from '../docs/blocks.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const guide = readFileSync(`${root}docs/fuzzing.md`, 'utf8')
mkdirSync(`${root}.build`, { recursive: true })
const folder = mkdtempSync(`${root}.build/fuzz-docs-`)
afterAll(() => rmSync(folder, { recursive: true }))

/** What a reader of the guide sees who writes this file. */
async function tried(code: string): Promise<{ readonly status: number; readonly out: string }> {
  const path = join(folder, `provider-${code.length}.ts`)
  writeFileSync(path, code.replace("'refresh-once'", `'${pathToFileURL(root).href}src/index.ts'`))
  let out = ''
  const status = await fuzz([path, '--seed', '1', '--runs', '400'], {
    out: (text) => void (out += text),
    error: () => {},
    hasColors: false,
    clock: systemClock,
  })
  return { status, out }
}

describe('docs/fuzzing.md', () => {
  const [first] = blocksOf('docs/fuzzing.md', guide)

  it('begins with a run that fails as it says', async () => {
    const { status, out } = await tried(first!.code.replace("rotation: 'always',", DIES))

    expect(out).toContain("the answer 503 is called 'deferred', so that R0 is presented again")
    expect(out).toContain('answers 503 instead of the server, which has processed the request')
    expect(status).toBe(1)
  })

  it('finds the other mistake when that is mended', async () => {
    const { status, out } = await tried(first!.code.replace(", 503: 'deferred'", ''))

    expect(out).toContain("the provider says 'lives', so that it is still handed out")
    expect(status).toBe(1)
  })

  it('ends with a file against which nothing is found', async () => {
    const code = readFileSync(`${root}docs/examples/fuzz-workflow/provider.ts`, 'utf8')

    const { status, out } = await tried(code)

    expect(out).toMatch(/^acme against acme: nothing was found in 400 runs/)
    expect(status).toBe(0)
  })

  it('names every preset', () => {
    const missing = Object.keys(presets).filter((name) => !guide.includes(`\`${name}\``))

    expect(missing).toEqual([])
  })
})

/** The first mistake alone. */
const DIES = "rotation: 'always', oldAccessToken: 'dies',"

describe('docs/examples/fuzz-workflow/fuzz.yml', () => {
  const workflow = readFileSync(`${root}docs/examples/fuzz-workflow/fuzz.yml`, 'utf8')

  it('runs on pull_request, may only read, and knows no secret', () => {
    expect(workflow).toMatch(/^on: pull_request$/m)
    expect(workflow).toMatch(/^permissions:\n {2}contents: read\n\njobs:/m)
    expect(workflow).not.toMatch(/secrets\.|pull_request_target|write/)
  })
})
