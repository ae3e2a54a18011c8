import { describe, expect, it } from 'vitest'
import type { Terminal } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'
import { systemClock } from '../../src/core/clock.ts'

/** A terminal that keeps what is written to it. */
function recording(): Terminal & { readonly written: { out: string; error: string } } {
  const written = { out: '', error: '' }
  return {
    written,
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
    hasColors: false,
    clock: systemClock,
  }
}

describe('run', () => {
  for (const help of ['--help', '-h', 'help']) {
    it(`prints the usage for "${help}"`, async () => {
      const terminal = recording()

      expect(await run([help], terminal)).toBe(0)

      expect(terminal.written.out).toContain('usage: refresh-once <command>')
      expect(terminal.written.out).toContain('demo')
      expect(terminal.written.error).toBe('')
    })
  }

  for (const name of ['demo', 'diagram', 'doctor', 'explain', 'fuzz', 'inspect', 'probe']) {
    it(`prints the usage of the command for "${name} --help"`, async () => {
      const terminal = recording()

      expect(await run([name, '--help'], terminal)).toBe(0)

      expect(terminal.written.out).toMatch(new RegExp(`^usage: refresh-once ${name}\\b`))
      expect(terminal.written.error).toBe('')
    })
  }

  for (const name of ['nope', 'constructor', '']) {
    it(`ends with 2 and the usage for the unknown command "${name}"`, async () => {
      const terminal = recording()

      expect(await run([name], terminal)).toBe(2)

      expect(terminal.written.error).toContain(`unknown command "${name}"`)
      expect(terminal.written.error).toContain('usage:')
      expect(terminal.written.out).toBe('')
    })
  }

  it('ends with 2 and the usage without a command', async () => {
    const terminal = recording()

    expect(await run([], terminal)).toBe(2)
    expect(terminal.written.error).toMatch(/^usage:/)
  })
})
