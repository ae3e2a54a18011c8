import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { explain } from '../../../src/cli/explain/explain.ts'
import type { Told } from '../../../src/cli/explain/report.ts'
import { systemClock } from '../../../src/core/clock.ts'

/** A file of this test's own. */
export function ownFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'refresh-once-explain-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, name)
}

export function journalOf(lines: readonly (string | object)[]): string {
  const path = ownFile('journal.jsonl')
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  writeFileSync(path, `${texts.join('\n')}\n`)
  return path
}

export interface Said {
  readonly exitCode: number
  readonly out: string
  readonly error: string
}

export async function call(...args: readonly string[]): Promise<Said> {
  const said = { out: '', error: '' }
  const exitCode = await explain(args, {
    out: (text) => void (said.out += text),
    error: (text) => void (said.error += text),
    hasColors: false,
    clock: systemClock,
  })
  return { exitCode, ...said }
}

/** For programs. */
export async function ask(...args: readonly string[]): Promise<Told & { exitCode: number }> {
  const { out, error, exitCode } = await call(...args, '--json')
  if (error !== '') throw new Error(error)
  return { exitCode, ...(JSON.parse(out) as Told) }
}

/** The names of what did not hold. */
export const brokenOf = ({ invariants }: Told): readonly string[] =>
  invariants.flatMap(({ name, broken }) => (broken > 0 ? [name] : []))
