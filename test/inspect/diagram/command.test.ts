import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import { describeMachine } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import { run } from '../../../src/cli/run.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { ledgerRows } from '../../../src/cli/diagram.ts'

/** What `refresh-once diagram` prints and how it ends. */
async function diagram(...options: readonly string[]) {
  let [out, error] = ['', '']
  const code = await run(['diagram', ...options], {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    hasColors: false,
    clock: systemClock,
  })
  return { code, out, error }
}

describe('refresh-once diagram', () => {
  it('prints the Mermaid text that the documents show', async () => {
    const document = readFileSync(new URL('../../../docs/statechart.md', import.meta.url), 'utf8')

    const { code, out } = await diagram()

    expect(code).toBe(0)
    expect(document).toContain(`\`\`\`mermaid\n${out}\`\`\``)
  })

  it('prints the rows of the ledger as Mermaid text', async () => {
    const { out } = await diagram('--of', 'ledger')

    expect(out.split('\n').slice(0, 3)).toEqual([
      'stateDiagram-v2',
      '  state claim {',
      '    [*] --> claim_absent',
    ])
    expect(out).toContain('    grant_live --> grant_ended: end\n')
  })

  it.each(['refresh', 'ledger'])('prints %s as a picture that needs nothing else', async (of) => {
    const { code, out } = await diagram('--format', 'svg', '--of', of)

    expect(code).toBe(0)
    expect(out).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*role="img"/)
    expect(out).toContain('prefers-color-scheme: dark')
    expect(out.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|url\((?!#)/)
  })

  it.each([
    ['refresh', refreshMachine],
    ['ledger', ledgerRows],
  ] as const)('prints %s as JSON of which XState makes the same machine', async (of, machine) => {
    const { code, out } = await diagram('--format', 'json', '--of', of)

    const config = JSON.parse(out) as Parameters<typeof createMachine>[0]
    const again = createMachine(config, machine.implementations as object)

    expect(code).toBe(0)
    expect(describeMachine(again)).toEqual(describeMachine(machine))
  })

  it.each([
    [['--format', 'png'], '--format is one of mermaid, svg, json'],
    [['--of', 'nothing'], '--of is one of refresh, ledger'],
    [['--colour'], "Unknown option '--colour'"],
  ])('says what to write instead of %j', async (options, hint) => {
    const { code, out, error } = await diagram(...options)

    expect([code, out]).toEqual([2, ''])
    expect(error).toContain(hint)
  })

  it('says what it can do', async () => {
    const { code, out } = await diagram('--help')

    expect(code).toBe(0)
    expect(out).toContain('usage: refresh-once diagram')
  })
})
