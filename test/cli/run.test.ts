import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { recording } from './terminal.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }

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

  it.each([
    [['docter'], 'did you mean doctor?'],
    [['explian'], 'did you mean explain?'],
    [['Demo'], 'did you mean demo?'],
    [
      ['doctor', '--isuer', 'https://a.example'],
      "Unknown option '--isuer': did you mean --issuer?",
    ],
    [['doctor', '-issuer', 'https://a.example'], 'did you mean --issuer?'],
    [['probe', '--tokenEnv', 'T'], 'did you mean --tokens-env?'],
    [['explain', 'a', '--jsn'], "Unknown option '--jsn': did you mean --json?"],
    [['doctor', '--authentication', 'basic'], 'did you mean client_secret_basic?'],
  ])('says for %j which name was meant', async (args, instead) => {
    const terminal = recording()

    expect(await run(args, terminal)).toBe(2)
    expect(terminal.written.error).toContain(instead)
  })

  it.each(['--version', '-v', '-V', 'version'])('prints its version for %s', async (name) => {
    const terminal = recording()

    expect(await run([name], terminal)).toBe(0)
    expect(terminal.written).toEqual({ out: `${manifest.version}\n`, error: '' })
  })

  it('ends with 2 and the usage without a command', async () => {
    const terminal = recording()

    expect(await run([], terminal)).toBe(2)
    expect(terminal.written.error).toMatch(/^usage:/)
  })

  const EVIL = '\u001b]0;owned\u0007\u001b[31m\u009b2J\u202ex\r\n'

  it.each([
    ['a command', [EVIL]],
    ['an option', ['fuzz', `--${EVIL}`]],
    ['a value', ['fuzz', './a.ts', '--runs', EVIL]],
    ['a value of explain', ['explain', 'a', `--grant=${EVIL}`]],
    ['a journal', ['explain', EVIL]],
    ['a file of fuzz', ['fuzz', `./${EVIL}.ts`, '--server', 'logto']],
    ['a server', ['fuzz', './package.json', '--server', EVIL]],
    ['a diagram', ['diagram', EVIL]],
    ['an issuer', ['doctor', '--issuer', `https://${EVIL}.example`, '--client', EVIL]],
    ['a provider', ['probe', '--provider', EVIL, '--issuer', 'https://a.example', '--client', 'a']],
  ])('obeys and echoes no escape sequence of %s', async (_, args) => {
    const terminal = { ...recording(), hasColors: true }

    await run(args, terminal)

    const { out, error } = terminal.written
    expect(out + error).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
    expect(out + error).not.toBe('')
  })
})
